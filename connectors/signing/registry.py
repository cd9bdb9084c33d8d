"""The providers there are; one more is one more line."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.signing.esignatures import ESignatures
from connectors.signing.provider import Provider

PROVIDERS: Mapping[str, type[Provider]] = {provider.name: provider for provider in (ESignatures,)}
