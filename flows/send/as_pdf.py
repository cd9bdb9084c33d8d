"""Whether a document goes out as a PDF: what the plan has to know of it long before anything is drawn."""

from __future__ import annotations

from connectors.signing.model import Document
from connectors.signing.provider import Capability, Provider


def sent_as_pdf(provider: type[Provider], document: Document) -> bool:
    """Whether this provider is given the document as a PDF."""
    if document.template is not None or Capability.UPLOADS not in provider.capabilities:
        return False
    return document.pdf is not None or Capability.MARKDOWN not in provider.capabilities
