"""What a provider cannot do: what happens instead, as the plan says it, and what is refused before the first row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connectors.signing.accounts import SANDBOX, variable
from connectors.signing.anchors import Anchor, anchors
from connectors.signing.errors import Unsupported
from connectors.signing.model import PlacedField, SignatureRequest
from connectors.signing.provider import Capability, Provider
from flows.send.as_pdf import sent_as_pdf

PASSED_ON: Mapping[str, tuple[str, Callable[[SignatureRequest], bool]]] = {
    "message": ("the message", lambda request: request.message is not None),
    "reply_to": ("where answers go (reply_to)", lambda request: request.reply_to is not None),
    "locale": ("the signers' language (locale)", lambda request: request.locale is not None),
    "order": (
        "who signs first (it is set up there, with the template)",
        lambda request: len({signer.order for signer in request.signers}) > 1,
    ),
}
"""What a request may say beside the document and its signers: how the plan names it, and whether a request says it."""


class Needs:
    """What a sending asks of the provider, gathered request by request: of a long sheet none is kept but the first."""

    def __init__(self, provider: type[Provider]) -> None:
        self.first: SignatureRequest | None = None
        self._provider = provider
        self._needed: set[Capability] = set()

    def look(self, request: SignatureRequest) -> None:
        """Raise `Unsupported`, naming provider and feature, if something of it cannot be said to this provider."""
        self.first = self.first or request
        self._needed.update(_needs(self._provider, request))
        self._provider.refuse_unsayable(request)
        _refuse_fields(self._provider, request)

    def require(self) -> None:
        """Raise `Unsupported` if what was seen needs what this provider does not have."""
        self._provider.require(*sorted(self._needed))


def refuse_false_trial(provider: type[Provider], account: str, mode: str, base_url: str) -> None:
    """Raise `Unsupported` if what is meant as a trial would reach people for real."""
    real = base_url.rstrip("/") == provider.settings_class.model_fields["base_url"].default
    if mode == "test" and real and account != SANDBOX and Capability.TEST_MODE not in provider.capabilities:
        raise Unsupported(
            f"{provider.title} has no test mode: whatever is sent there reaches people for real. If that is meant, say "
            f"so with {variable(provider.name, 'mode')}=live (or mode: live in the block of account '{account}'); "
            f"or try things out with --account {SANDBOX}."
        )


def instead(
    provider: type[Provider], request: SignatureRequest | None, *, reminders: bool, mail: str | None
) -> list[str]:
    """What the plan has to say about a sending through this provider; `request` is one of its requests.

    `reminders` says that the recipe reminds, `mail` names the block our own messages go out through.
    """
    if request is None:
        return []
    has, title = provider.capabilities, provider.title
    notes = [*_about_document(provider, request)]
    if reminders and Capability.REMIND not in has:
        if mail is None:
            notes.append(
                f"{title} cannot be told to remind. Nobody is reminded, unless ESIGN_MAIL names a block for mail; then "
                "reminders with the signing link go out from here."
            )
        else:
            notes.append(
                f"{title} cannot be told to remind: reminders with the signing link go out from here ({mail})."
            )
    if request.expires_in_hours is not None and Capability.EXPIRY not in has:
        does = "is withdrawn there" if Capability.CANCEL in has else "stays open there, which cannot be helped,"
        notes.append(f"{title} has no deadline of its own: after it a request {does} and counts as expired here.")
    if Capability.DOWNLOAD not in has:
        notes.append(
            f"{title} hands out no signed PDF: the archive keeps the evidence alone. {provider.by_way or ''}".strip()
        )
    if Capability.SIGNED_WEBHOOKS not in has:
        notes.append(f"{title} signs no webhooks: each one is confirmed by asking once before it counts.")
    said = {name: words for name, (words, is_said) in PASSED_ON.items() if is_said(request)}
    if left_out := [words for name, words in said.items() if name in provider.leaves_out]:
        notes.append(f"{title} cannot be told, and is not told: {'; '.join(left_out)}.")
    return notes


def _needs(provider: type[Provider], request: SignatureRequest) -> Iterator[Capability]:
    document, has = request.document, provider.capabilities
    if document.template is not None:
        yield Capability.TEMPLATES
    elif document.pdf is not None:
        yield Capability.UPLOADS
    elif Capability.UPLOADS not in has and Capability.MARKDOWN not in has:
        raise Unsupported(
            f"{provider.title} takes no document, only templates kept there: name one in the recipe, as "
            f"`templates: {{{provider.name}: …}}`."
        )
    if len({signer.order for signer in request.signers}) > 1:
        yield Capability.ORDER


def _refuse_fields(provider: type[Provider], request: SignatureRequest) -> None:
    if not sent_as_pdf(provider, request.document):
        return
    for kind in sorted({field.kind for field in _fields(request)} - provider.field_kinds):
        raise Unsupported(
            f"{provider.title} has no fields of the kind {kind.value}: take them out of the document, or send through "
            "another provider."
        )


def _fields(request: SignatureRequest) -> list[Anchor | PlacedField]:
    if request.document.markdown is not None:
        return [anchor for _, anchor in anchors(request.document.markdown)]
    return list(request.document.fields)


def _about_document(provider: type[Provider], request: SignatureRequest) -> Iterator[str]:
    """What becomes of the document and of the places marked in it."""
    title = provider.title
    if (template := request.document.template) is not None:
        yield f"The text is the template {template} kept at {title}; a document in the recipe is not sent."
    if not sent_as_pdf(provider, request.document):
        return
    from recipes.document.placing import unplaced  # the libraries for PDFs take half a second to import

    tags = Capability.TEXT_TAGS in provider.capabilities
    if not tags and Capability.COORDINATES not in provider.capabilities:
        yield f"{title} does not use the places marked in the document: where it shows the signatures is up to it."
        return
    if not tags and any(field.label for field in _fields(request)):
        yield f"{title} shows signers no labels of fields: print them beside the places."
    if without := unplaced(request.document, request.signers):
        yield (
            f"The document has no place to sign for {', '.join(without)} ([[sign:{without[0]}]]): "
            "signed on a page added at its end."
        )
