"""Documill Leap's Sign API: one PDF, signed in turn or all at once; their *signing process* is our signature request.

Facts are from the provider's pages below https://support.documill.com/documill-leap (named [docs]): starting,
retrieving, canceling and deleting a signing process. Inside Leap a signing process is a *project*. What the data of one
looks like is not published: every name and word looked for in it is a [guess], and none is expected at a fixed place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import httpx
from pydantic import BeforeValidator, Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, merged, refuse_reserved
from connectors.signing.errors import OutcomeUnknown, PermanentError, TransientError, Unsupported
from connectors.signing.keys import HeaderKey
from connectors.signing.model import (
    Event,
    EventType,
    FieldKind,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    Status,
)
from connectors.signing.over_http import OverHttp
from connectors.signing.provider import Capability, ProviderSettings, own
from connectors.signing.tolerant import dig, flag, objects, read_object, text
from connectors.signing.transport import Part


def _listed(value: Any) -> Any:
    """Addresses as an environment variable has them, between commas; anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class LeapSettings(ProviderSettings):
    """An account at Documill Leap."""

    base_url: str = Field(
        default="https://api.leap.documill.com/api/v1/external",
        description="Address of the provider's API, without a slash at its end.",
    )
    api_key: SecretStr = Field(min_length=1, description="External API key of the account.")
    key_prefix: str = Field(
        default="", description="Word that goes before the key, such as 'Bearer'; empty sends the key alone."
    )
    owner_email: str = Field(
        default="",
        description="Who owns the signing processes and decides when a signer asks for changes; while this is empty, "
        "the last signer in order is the owner, with name, e-mail address and company.",
    )
    owner_name: str = Field(default="", description="The owner's name; their e-mail address where this is empty.")
    owner_organization: str = Field(default="", description="The owner's company.")
    owner_title: str = Field(default="", description="The owner's position in it.")
    copies_to: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="E-mail addresses that get each signed document too; a mailbox kept as an archive is the only way "
        "to it, since this provider hands out no documents.",
    )
    wrap_signers: bool = Field(
        default=True,
        description="Whether the list of signers goes inside an object, as the provider prints it, or bare.",
    )


# -- their words, ours -------------------------------------------------------------------------------------------

EVENTS = {"signTasksCompleted": EventType.COMPLETED}
"""[docs] The only call they make, at `signTasksCompletedCallbackUrl`, once everybody has signed; the name is ours."""

WORDS = {
    "COMPLETED": (Status.COMPLETED, SignerStatus.SIGNED),
    "COMPLETE": (Status.COMPLETED, SignerStatus.SIGNED),
    "DONE": (Status.COMPLETED, SignerStatus.SIGNED),
    "FINISHED": (Status.COMPLETED, SignerStatus.SIGNED),
    "SIGNED": (Status.COMPLETED, SignerStatus.SIGNED),
    # A signer signs or asks for changes, and the owner then decides [docs, "Signer task"].
    "CHANGESREQUESTED": (Status.DECLINED, SignerStatus.DECLINED),
    "CHANGEREQUESTED": (Status.DECLINED, SignerStatus.DECLINED),
    "REQUESTCHANGES": (Status.DECLINED, SignerStatus.DECLINED),
    "REQUESTEDCHANGES": (Status.DECLINED, SignerStatus.DECLINED),
    "DECLINED": (Status.DECLINED, SignerStatus.DECLINED),
    "REJECTED": (Status.DECLINED, SignerStatus.DECLINED),
    "REFUSED": (Status.DECLINED, SignerStatus.DECLINED),
    "CANCELED": (Status.CANCELED, None),
    "CANCELLED": (Status.CANCELED, None),
    "ONGOING": (Status.SENT, SignerStatus.INVITED),
    "INPROGRESS": (Status.SENT, SignerStatus.INVITED),
    "ACTIVE": (Status.SENT, SignerStatus.INVITED),
    "STARTED": (Status.SENT, SignerStatus.INVITED),
    "OPEN": (Status.SENT, SignerStatus.INVITED),
    "WAITING": (Status.SENT, SignerStatus.WAITING),
    "NOTSTARTED": (Status.SENT, SignerStatus.WAITING),
    "NOTCOMPLETED": (Status.SENT, None),
}
"""[guess] A word as the state of a whole process, and of one signer's task; in capitals, letters alone."""

DECISIVE = (Status.DECLINED, Status.CANCELED)
"""What no other word or flag beside it can take back: such a task may well count as done too."""

STATES = ("status", "state", "taskStatus", "signingStatus", "outcome", "result")
"""[guess] Names under which such a word stands."""

FLAGS = ("completed", "isCompleted", "signed", "isSigned", "hasSigned", "done", "finished")
"""[guess] Names of booleans that say the same."""

PERSONS = ("assignee", "signer", "collaborator", "participant", "user", "person", "contact", "member", "guest")
"""[guess] Names under which a task holds whom it is given to; *collaborator* is Leap's own word [docs]."""

ELSEWHERE = re.compile(
    r"owner|creat|author|sender|recipient|cop(y|ies)|organi[sz]ation|log|event|notif|histor|comment|messag|audit"
    r"|(collaborator|participant|user|person|contact|member|guest)s$",
    re.IGNORECASE,
)
"""[guess] Names of what holds people who do not sign, or tells what was written to whom."""

OTHER_TASKS = re.compile(r"REVIEW|APPROV|EDIT|DRAFT|COMMENT|TAG|PREPAR|UPLOAD|DELIVER|NOTIF|ARCHIV")
"""[guess] Kinds of tasks a Leap project may have beside signing, such as the *Signature Tags Step* [docs]."""

SIGNERS = re.compile(r"(?<!as)sign", re.IGNORECASE)
"""[guess] Names of what holds those who sign; assignees may have other tasks."""

LINK = re.compile(r"(url|link|href)$", re.IGNORECASE)
OTHER_LINK = re.compile(
    r"status|project|document|file|download|callback|avatar|photo|image|picture|logo", re.IGNORECASE
)
"""[guess] Addresses that open something else than a signer's own task."""

DEPTH = 40
"""How deep the data is searched; the project's flows, phases, steps and tasks are about ten levels."""

LAUNCH = "/sign-only-api/projects/launch-new"
CANCEL = "/sign-only-api/projects/cancel"
PROJECTS = "/sign-only-api/projects"
INFO = "/projects/info-for-sign-only-integrator"

RULES = (
    Rule(
        one(500),
        OutcomeUnknown,
        "often because of a value it cannot read, but it may have happened; look before trying again",
        '[docs] "Starting a Signing Process", 500',
        call="write",
        path=LAUNCH,
    ),
    Rule(
        one(400),
        PermanentError,
        "it knows no process of this id, or everybody has signed it already",
        '[docs] "Canceling a Signing Process", 400',
        path=CANCEL,
    ),
    Rule(
        one(403),
        PermanentError,
        "it lets nobody end a process that was not started through its Sign API, or the key is wrong; check it",
        '[docs] "Canceling" and "Deleting a Signing Process", 403; the key [docs] "Starting a Signing Process", 403',
        call="read",
        path=f"{PROJECTS}/",
    ),
    Rule(
        one(404),
        PermanentError,
        "it has no process of this id, or no longer",
        '[docs] "Retrieving", "Canceling" and "Deleting a Signing Process", 404',
        call="read",
    ),
)
"""A wrong key is 403 and not 401 [docs]; the general lines say that. Canceling and deleting count as reads, because
doing them twice does no harm."""

OURS = frozenset({"document", "orderedSigners", "signTasksCompletedCallbackUrl"})
"""What `extra` may not set, because the request says it, and its end would be missed."""

NOBODYS = "00000000-0000-0000-0000-000000000000"
"""An id no process can have, in the form of a UUID (the nil one, RFC 9562 §5.9)."""


class Leap(OverHttp):
    """One account at Documill Leap."""

    name: ClassVar[str] = "leap"
    title: ClassVar[str] = "Documill Leap"
    docs: ClassVar[str] = "https://support.documill.com/documill-leap/starting-a-signing-process"
    sandbox_path: ClassVar[str] = "leap/api/v1/external"
    settings_class: ClassVar[type[ProviderSettings]] = LeapSettings
    field_kinds: ClassVar[frozenset[FieldKind]] = frozenset({FieldKind.SIGNATURE, FieldKind.INITIALS, FieldKind.DATE})
    by_way: ClassVar[str | None] = (
        "Name an archive's mailbox under `copies_to` in the account: Leap mails the signed document there."
    )
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.UPLOADS,
            Capability.ORDER,
            Capability.CANCEL,
            Capability.SIGN_LINKS,
            Capability.WEBHOOK_PER_REQUEST,
        }
    )
    calls: ClassVar[Mapping[str, str]] = {
        f"POST {LAUNCH}": "send",
        f"GET {INFO}/{{projectId}}": "get",  # `check` and `sign_links` ask the same
        f"PUT {CANCEL}/{{projectId}}": "cancel",
        f"DELETE {PROJECTS}/{{projectId}}": "delete",
    }
    events: ClassVar[Mapping[str, EventType]] = EVENTS
    rules: ClassVar[Sequence[Rule]] = RULES

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        return HeaderKey(own(LeapSettings, settings).api_key, word=own(LeapSettings, settings).key_prefix)

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Ask for a process there cannot be, since nothing can be listed: whoever is told so has a key that fits.

        A wrong key is a 403, a wrong id a 404, and on another of their calls a 400 [docs].
        """
        try:
            await self.http.call("GET", f"{INFO}/{NOBODYS}")
        except PermanentError as error:
            if error.status not in (400, 404):
                raise

    async def send(self, request: SignatureRequest) -> Snapshot:
        """Start a signing process.

        There is no place for a message, a language, an expiry, an address for replies, a test mode or our mark; they
        stay with us. Signatures go where Leap puts them. Raises `Unsupported` where that would lose something: for
        fields with text or a check mark, and for signers of whom only some sign at the same time.
        """
        document = request.document
        kinds = {Capability.MARKDOWN: document.markdown, Capability.TEMPLATES: document.template}
        self.require(*(kind for kind, value in kinds.items() if value is not None), Capability.UPLOADS)
        answer = await self.http.call("POST", LAUNCH, form=form_of(request, own(LeapSettings, self.settings)))
        provider_id = _project_id(answer)
        if provider_id is None:
            raise OutcomeUnknown(f"{self.title} took the request, but its answer names no signing process.")
        # Launched is sent: there is no draft, whatever word stands in the data.
        return snapshot_of(provider_id, answer).model_copy(update={"status": Status.SENT})

    async def get(self, provider_id: str) -> Snapshot:
        """Ask how one process stands; a deleted one is a `PermanentError` like one that never was [docs].

        The state is derived from what stands in the data, most of all from who has signed.
        """
        answer = await self.http.call("GET", f"{INFO}/{in_path(self.title, provider_id)}")
        if not isinstance(answer, dict) or not answer:
            raise TransientError(f"{self.title} answered without a signing process.")
        return snapshot_of(provider_id, answer)

    async def sign_links(self, provider_id: str) -> tuple[SignerSnapshot, ...]:
        """The signers whose sign task has an address in the data: promised [docs] and never shown, so maybe none."""
        return tuple(signer for signer in (await self.get(provider_id)).signers if signer.sign_url)

    async def cancel(self, provider_id: str) -> None:
        """Stop a process for good. A completed one cannot be canceled [docs]; that is a `PermanentError`."""
        await self._end("PUT", f"{CANCEL}/{in_path(self.title, provider_id)}")

    async def delete(self, provider_id: str) -> None:
        """Erase a process: the document and its signed version, the signers, all logs. Nothing brings them back [docs].

        Never a way to cancel, and only after the signed document is safe elsewhere. What is gone already is deleted.
        """
        try:
            await self._end("DELETE", f"{PROJECTS}/{in_path(self.title, provider_id)}")
        except PermanentError as error:
            if error.status != 404:
                raise

    async def _end(self, method: str, path: str) -> None:
        await self.http.call(method, path, headers={"Accept": "*/*"}, repeatable=True, wordless=True)

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """Let everything in: nothing is signed. What proves a callback is its address, which is known to Leap alone,
        and the answer of `get`, asked for before anything follows from it."""

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        """Everybody has signed: there is no other callback. What its body holds is not published, so nothing is
        expected of it; which request it is about is told by the address alone."""
        if not ref:
            raise ValueError("The callback came to an address that belongs to no request.")
        try:
            data = read_object(body)
        except ValueError:
            data = {}
        return Event(
            type=EventType.COMPLETED,
            name="signTasksCompleted",
            provider_id=_project_id(data),
            ref=ref,
            raw=data,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """The request it is about and the body's SHA-256, so that another body takes nobody's place."""
        return f"completed:{ref or ''}:{hashlib.sha256(body).hexdigest()}"


# -- what goes out -----------------------------------------------------------------------------------------------


def form_of(request: SignatureRequest, account: LeapSettings) -> list[Part]:
    """The form of the launch: text and booleans as plain fields, objects and lists as JSON parts.

    `extra` is merged in, objects key by key, and further names become further fields; its `signers` add to ours one
    by one, in the order they stand in, its `additionalRecipients` to the account's `copies_to`. Raises `Unsupported`
    if it wants to set what is in `OURS`, and for what Leap cannot be told.
    """
    refuse_reserved("Documill Leap", request.extra, OURS)
    _refuse_fields_to_fill_in(request)
    ordered = _ordered(request.signers)
    extra = dict(request.extra)
    more = iter(objects(extra.pop("signers", None)))
    also = extra.pop("additionalRecipients", None)
    pairs = [(signer.order, merged(_person(signer), next(more, {}))) for signer in request.signers]
    signers = [person for _, person in sorted(pairs, key=lambda pair: pair[0])]
    copies = [*account.copies_to, *(also if isinstance(also, list | tuple) else [])]
    values = given(
        name=request.title,
        projectOwner=_owner(request.signers, account),
        signers={"signers": signers} if account.wrap_signers else signers,
        orderedSigners=ordered,
        additionalRecipients=list(dict.fromkeys(map(str, copies))),
        signTasksCompletedCallbackUrl=request.webhook_url,
    )
    parts = [_part(name, value) for name, value in merged(values, extra).items() if value is not None]
    return [*parts, Part("document", request.document.pdf or b"", _file_name(request.title), "application/pdf")]


def _part(name: str, value: Any) -> Part:
    """One field. Whether objects are bound from JSON parts or from text is not said: as JSON without a file name, both
    read them [guess]. Raises `PermanentError` for what is neither text nor JSON."""
    if isinstance(value, str):
        return Part(name, value)
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        written = None
    if written is None:
        raise PermanentError("Documill Leap cannot be told this: it does not fit into a request.")
    return Part(name, written, type="application/json" if isinstance(value, dict | list) else None)


def _ordered(signers: Sequence[Signer]) -> bool:
    """Whether they sign one after the other; all at once is the only other way there is [docs]."""
    orders = {signer.order for signer in signers}
    if 1 < len(orders) < len(signers):
        raise Unsupported(
            "Documill Leap cannot be told this: its signers sign all at once or one by one, never partly so."
        )
    return len(orders) > 1


def _refuse_fields_to_fill_in(request: SignatureRequest) -> None:
    """What a signer would have to write or tick would be lost; signatures, initials and dates are part of signing."""
    lost = {placed.kind for placed in request.document.fields} & {FieldKind.TEXT, FieldKind.CHECKBOX}
    if lost:
        raise Unsupported("Documill Leap cannot be told this: its signers sign, and fill in no text and no boxes.")


def _owner(signers: Sequence[Signer], account: LeapSettings) -> dict[str, Any]:
    if not account.owner_email:
        return _person(sorted(signers, key=lambda signer: signer.order)[-1])
    return given(
        name=account.owner_name or account.owner_email,
        organization=account.owner_organization,
        email=account.owner_email,
        title=account.owner_title,
    )


def _person(signer: Signer) -> dict[str, Any]:
    return given(name=signer.name, organization=signer.company, email=signer.email)


def _file_name(title: str) -> str:
    """The title as a file's name: process and document are best named alike [docs], and only `.pdf` says what it is."""
    plain = re.sub(r"[^\w .,()+-]+", "_", title.removesuffix(".pdf")).strip(" ._")[:100]
    return f"{plain or 'document'}.pdf"


# -- what comes back ---------------------------------------------------------------------------------------------


def snapshot_of(provider_id: str, data: Any) -> Snapshot:
    """A process out of its data, wherever in it things stand. What is not understood is `UNKNOWN`, never an error."""
    mentions = list(_mentions(data, top=True))
    people: dict[str, list[_Mention]] = {}
    for mention in mentions:
        people.setdefault(mention.email.casefold(), []).append(mention)
    signers = tuple(_signer(of_one) for of_one in people.values())
    return Snapshot(
        id=provider_id,
        status=_status(_word(data) or _word(dig(data, "project")), mentions, signers),
        signers=signers,
        raw=data if isinstance(data, dict) else {},
    )


@dataclass(frozen=True)
class _Mention:
    """A place in the data that names a signer. `word` says how they stand there, in letters of `WORDS`, if it does."""

    email: str
    name: str | None
    id: str | None
    word: str | None
    link: str | None = field(repr=False)

    @property
    def unsigned(self) -> bool:
        """Whether it says for certain that something is still to be signed here."""
        return self.word in WORDS and WORDS[self.word][0] is not Status.COMPLETED


def _mentions(value: Any, *, top: bool = False, of_signers: bool = False, left: int = DEPTH) -> Iterator[_Mention]:
    """Everybody who signs: whoever has a task with a state, and whoever stands in a list of signers even without one,
    since of those whose turn is still to come there may be nothing else."""
    if left == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _mentions(item, of_signers=of_signers, left=left - 1)
    if not isinstance(value, dict):
        return
    person = None if top else _who(value)
    if person is not None:
        yield from _said_of(person, value, of_signers)
    for key, inner in value.items():
        if inner is not person and not ELSEWHERE.search(key):
            yield from _mentions(inner, of_signers=bool(SIGNERS.search(key)), left=left - 1)


def _said_of(person: dict[str, Any], node: dict[str, Any], of_signers: bool) -> Iterator[_Mention]:
    """What a place says of its person: itself, and in tasks below it that name nobody else."""
    inside = [
        task for key, value in node.items() if "task" in key.lower() for task in objects([value]) or objects(value)
    ]
    places = [node, *(task for task in inside if _who(task) is None)]
    # A person's own `type` is none of a task.
    signing = [place for place in places if place is person or not OTHER_TASKS.search(_letters(place.get("type")))]
    telling = [place for place in signing if _word(place) is not None]
    link = next((found for place in signing if (found := _link(place))), None)
    for place in telling or ([node] if of_signers and signing else []):
        yield _Mention(
            email=text(person.get("email")) or "",
            name=text(person.get("name")) or text(person.get("fullName")),
            id=text(person.get("id")),
            word=_word(place),
            link=_link(place) or link,
        )


def _who(node: dict[str, Any]) -> dict[str, Any] | None:
    """The object with the e-mail address of whom this one is about: itself, or the one it is given to."""
    candidates = (node, *(node.get(key) for key in PERSONS))
    return next((one for one in candidates if isinstance(one, dict) and "@" in (text(one.get("email")) or "")), None)


def _word(place: Any) -> str | None:
    """The one word a place says of its state. A flag that says no is believed before a word that says done."""
    words = [letters for key in STATES if (letters := _letters(dig(place, key)))]
    flags = [flag(value) for key in FLAGS if _is_flag(value := dig(place, key))]
    decisive = next((word for word in words if word in WORDS and WORDS[word][0] in DECISIVE), None)
    if decisive or not flags:
        return decisive or next((word for word in words if word in WORDS), words[0] if words else None)
    return "COMPLETED" if all(flags) else "NOTCOMPLETED"


def _is_flag(value: Any) -> bool:
    """Whether it is a boolean, also as a word; a number may as well count something, and a date say when."""
    return isinstance(value, bool) or _letters(value) in ("TRUE", "FALSE")


def _letters(value: Any) -> str:
    """`In progress`, `IN_PROGRESS` and `inProgress` alike."""
    return re.sub(r"[^A-Z]", "", (text(value) or "").upper())


def _link(place: dict[str, Any]) -> str | None:
    """The address that opens the sign task, if one stands here; names that speak of signing or tasks go first."""
    found = {
        key: address
        for key, value in place.items()
        if LINK.search(key) and not OTHER_LINK.search(key) and (address := text(value)) and address.startswith("http")
    }
    named = (key for key in found if re.search("sign|task", key, re.IGNORECASE))
    return found[key] if (key := next(named, next(iter(found), ""))) else None


def _signer(mentions: Sequence[_Mention]) -> SignerSnapshot:
    """One signer, out of every place that names them: signed only if no place says otherwise."""
    words = [mention.word for mention in mentions if mention.word is not None]
    said = [WORDS[word][1] if word in WORDS else None for word in words]
    status: SignerStatus | None = next((one for one in said if one not in (None, SignerStatus.SIGNED)), None)
    if SignerStatus.DECLINED in said:
        status = SignerStatus.DECLINED
    elif said and set(said) == {SignerStatus.SIGNED}:
        status = SignerStatus.SIGNED
    return SignerSnapshot(
        id=next((mention.id for mention in mentions if mention.id), None),
        email=mentions[0].email,
        name=next((mention.name for mention in mentions if mention.name), None),
        sign_url=next((mention.link for mention in mentions if mention.link), None),
        status=status,
    )


def _status(word: str | None, mentions: Sequence[_Mention], signers: Sequence[SignerSnapshot]) -> Status:
    """How the whole stands, by its own word and by its signers.

    Everybody's signature completes it, whatever the project does afterwards. Its own *completed* does not while one
    is missing: a project's owner may set its state by hand [docs, Leap's quick start].
    """
    whole = WORDS[word][0] if word in WORDS else Status.UNKNOWN
    signed = [signer.status is SignerStatus.SIGNED for signer in signers]
    unsigned = any(mention.unsigned for mention in mentions)
    if whole is Status.CANCELED:
        return whole
    if (signed and all(signed)) or (whole is Status.COMPLETED and not unsigned):
        return Status.COMPLETED
    if whole is Status.DECLINED or any(signer.status is SignerStatus.DECLINED for signer in signers):
        return Status.DECLINED
    if whole is Status.COMPLETED:
        return Status.UNKNOWN
    if any(signed):
        return Status.IN_PROGRESS
    return Status.SENT if whole is Status.SENT or unsigned else Status.UNKNOWN


def _project_id(data: Any) -> str | None:
    """The id that other calls name `projectId` [docs]; where it stands in the data is a [guess]."""
    places = (("projectId",), ("id",), ("project", "id"))
    return next((found for place in places if (found := text(dig(data, *place)))), None)
