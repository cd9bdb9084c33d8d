"""The providers the sandbox plays."""

from __future__ import annotations

from sandbox.dialect import Dialect
from sandbox.docsautomator import DocsAutomator
from sandbox.esignatures import ESignatures
from sandbox.leap import Leap
from sandbox.lumin import Lumin
from sandbox.switchlabs import SwitchLabs

DIALECTS: tuple[type[Dialect], ...] = (ESignatures, SwitchLabs, Lumin, Leap, DocsAutomator)
