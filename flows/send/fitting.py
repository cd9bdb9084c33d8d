"""Fits a planned request to its provider: our mark, the addresses, and the document in the form the provider takes."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.signing.model import SignatureRequest
from connectors.signing.provider import Provider
from flows.send.addresses import Addresses
from flows.send.as_pdf import sent_as_pdf
from flows.send.drawing import Draw, drawn_here
from ledger.sending import Claimed


@dataclass(frozen=True)
class Fitting:
    """How the rows of a batch are made ready for their provider."""

    provider: type[Provider]
    addresses: Addresses
    draw: Draw | None = None
    """How documents become PDFs; on a thread, one by one, unless it is said."""

    async def fit(self, claimed: Claimed) -> SignatureRequest:
        """The request as it goes out. Raises a problem with a sentence where its document cannot be made."""
        request = claimed.request
        if sent_as_pdf(self.provider, request.document):
            draw = self.draw or drawn_here(self.provider)
            document = await draw(request)
        else:
            document = request.document
        return request.model_copy(
            update={
                "ref": claimed.ref,
                "document": document,
                "webhook_url": self.addresses.webhook_url(claimed.ref),
                "proof": self.addresses.proof(claimed.ref),
            }
        )
