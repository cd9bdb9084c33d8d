"""Senders that are broken on purpose, to see that the checker notices: what is unclear they send again, blindly."""

from __future__ import annotations

from collections.abc import Collection

from connectors.signing.errors import OutcomeUnknown
from connectors.signing.esignatures import ESignatures
from connectors.signing.model import Lookup, SignatureRequest, Snapshot


class SendsAgain(ESignatures):
    """Takes an unclear answer for a no, and sends once more within the same attempt."""

    async def send(self, request: SignatureRequest) -> Snapshot:
        try:
            return await super().send(request)
        except OutcomeUnknown:
            return await super().send(request)


class FindsNothing(ESignatures):
    """Reads the provider's list and overlooks what it is looking for, so that everything unclear is planned again."""

    async def find(self, refs: Collection[str]) -> Lookup:
        return (await super().find(refs)).model_copy(update={"found": {}, "also": {}})
