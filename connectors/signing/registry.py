"""The providers there are; one more is one more line."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.signing.docsautomator import DocsAutomator
from connectors.signing.esignatures import ESignatures
from connectors.signing.leap import Leap
from connectors.signing.lumin import Lumin
from connectors.signing.provider import Provider
from connectors.signing.switchlabs import SwitchLabs

PROVIDERS: Mapping[str, type[Provider]] = {
    provider.name: provider for provider in (DocsAutomator, ESignatures, Leap, Lumin, SwitchLabs)
}
