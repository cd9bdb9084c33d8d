"""What an operator saves in Prefect: provider accounts, the account for Google sheets and where the archive is."""

from blocks.docsautomator import DocsAutomatorCredentials
from blocks.esignatures import ESignaturesCredentials
from blocks.google import GoogleSheetsCredentials
from blocks.leap import LeapCredentials
from blocks.lumin import LuminCredentials
from blocks.switchlabs import SwitchLabsCredentials

__all__ = [
    "DocsAutomatorCredentials",
    "ESignaturesCredentials",
    "GoogleSheetsCredentials",
    "LeapCredentials",
    "LuminCredentials",
    "SwitchLabsCredentials",
]
