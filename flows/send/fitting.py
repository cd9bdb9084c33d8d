"""Fits a planned request to its provider: our mark, the addresses, and the document in the form the provider takes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connectors.signing.errors import PermanentError
from connectors.signing.model import Document, PlacedField, SignatureRequest
from connectors.signing.provider import Capability, Provider
from flows.send.addresses import Addresses
from ledger.sending import Claimed
from recipes.errors import RecipeError, RowProblem


@dataclass(frozen=True)
class Fitting:
    """How the rows of a batch are made ready for their provider."""

    provider: type[Provider]
    addresses: Addresses

    async def fit(self, claimed: Claimed) -> SignatureRequest:
        """The request as it goes out. Raises a problem with a sentence where its document cannot be made."""
        request = claimed.request
        if sent_as_pdf(self.provider, request.document):
            document = await asyncio.to_thread(self._document, request)
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

    def _document(self, request: SignatureRequest) -> Document:
        from recipes.document.preparing import prepared  # the libraries for PDFs take half a second to import

        def tag(field: PlacedField) -> str:
            return self.provider.text_tag(field, request.signers)

        stamped = tag if Capability.TEXT_TAGS in self.provider.capabilities else None
        try:
            return prepared(request.document, request.title, request.signers, stamped)
        except (RecipeError, RowProblem, PermanentError):
            raise
        except Exception as error:  # PDFs are made by everybody, in every way
            kind = type(error).__name__
        raise RecipeError(f"No document for {self.provider.title} could be made of it ({kind}): check the PDF.")


def sent_as_pdf(provider: type[Provider], document: Document) -> bool:
    """Whether this provider is given the document as a PDF."""
    if document.template is not None or Capability.UPLOADS not in provider.capabilities:
        return False
    return document.pdf is not None or Capability.MARKDOWN not in provider.capabilities
