"""What an operator saves in Prefect: provider accounts and where the archive is."""

from blocks.esignatures import ESignaturesCredentials

__all__ = ["ESignaturesCredentials"]
