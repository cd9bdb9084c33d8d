"""The eSignatures dialect: its requests, answers and webhooks, written from its public reference."""

from sandbox.esignatures.dialect import ESignatures

__all__ = ["ESignatures"]
