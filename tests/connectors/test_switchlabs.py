"""Switch Labs eSign against its own page, restated in `payloads/switchlabs`."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.signing.errors import (
    AuthenticationError,
    InvalidWebhook,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.model import (
    Document,
    EventType,
    FieldKind,
    Lookup,
    PlacedField,
    Signer,
    SignerSnapshot,
    SignerStatus,
    Status,
)
from connectors.signing.provider import Provider
from connectors.signing.switchlabs import MOST, PAGES, SwitchLabs, SwitchLabsSettings, form_of
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server, answering

pytestmark = pytest.mark.providers

PAYLOADS = Path(__file__).parent / "payloads" / "switchlabs"
KEY = "esk_key-for-tests"
SECRET = "secret-for-tests"
PDF = b"%PDF-1.7\r\n--not-a-boundary\r\n\x00\xff"
API = "/api/esign/v1"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


def place(role: str, kind: FieldKind = FieldKind.SIGNATURE, **more: Any) -> PlacedField:
    where = {"page": 0, "x": 0.1, "y": 0.85, "width": 0.25, "height": 0.05}
    return PlacedField.model_validate({"role": role, "kind": kind, **where, **more})


def paper(*roles: str) -> Document:
    return Document(pdf=PDF, fields=tuple(place(role) for role in roles))


def people(*orders: int) -> tuple[Signer, ...]:
    return tuple(
        Signer(role=f"role{number}", name=f"Signer {number}", email=f"person{number:02}@example.com", order=order)
        for number, order in enumerate(orders, start=1)
    )


def uploaded(request: httpx.Request) -> list[tuple[str, str | None, str | None, bytes]]:
    """The parts of a form as another reader takes them apart: name, file name, media type, content."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser(policy=HTTP).parsebytes(head + request.content).get_payload()
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part["content-type"],
            part.get_payload(decode=True),
        )
        for part in parts
    ]


def texts(request: httpx.Request) -> dict[str, str]:
    return {name: content.decode() for name, filename, _, content in uploaded(request) if filename is None}


class TestSwitchLabs(ProviderContract):
    provider_class = SwitchLabs
    shares: ClassVar = frozenset({"draft"})
    settings: ClassVar = {"api_key": KEY, "webhook_secret": SECRET}
    base_path = API
    key_setting = "api_key"
    secret_setting = "webhook_secret"
    document = paper("first", "second")
    refs_in_events = False  # a delivery knows nothing but the ids of the create call
    calls_to_send = ("POST /documents",)
    events: ClassVar = {
        "document.created": EventType.CREATED,
        "document.sent": EventType.INVITED,
        "document.completed": EventType.COMPLETED,
        "document.declined": EventType.DECLINED,
        "document.voided": EventType.CANCELED,
        "recipient.signed": EventType.SIGNED,
        "recipient.viewed": EventType.VIEWED,
        "recipient.declined": EventType.DECLINED,
        "reminder.sent": EventType.REMINDED,
    }
    speaks: ClassVar = {
        "POST /documents": lambda provider, sent: provider.send(TestSwitchLabs().request()),
        "GET /documents": lambda provider, sent: provider.documents(),
        "GET /documents/{id}/status": lambda provider, sent: provider.get(sent.id),
        "POST /documents/{id}/send": lambda provider, sent: provider.send_draft(sent.id),
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return httpx.Response(401, json={"error": "Invalid API key"})
        match request.method, request.url.path.removeprefix(API).strip("/").split("/"):
            case "POST", ["documents"]:
                made = "created" if texts(request).get("send") == "true" else "drafted"
                return httpx.Response(201, json=payload(made))
            case "GET", ["documents"]:
                return httpx.Response(200, json=payload("documents"))
            case "GET", ["documents", _, "status"]:
                return httpx.Response(200, json=payload("status"))
            case "POST", ["documents", _, "send"]:
                return httpx.Response(200, json=payload("sent"))
        return httpx.Response(404, json={"error": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        body = (PAYLOADS / f"webhook-{kind}.json").read_bytes()
        return {"x-esign-signature": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}, body

    # -- calls ---------------------------------------------------------------------------------------------------

    async def test_the_key_travels_as_a_bearer_token(self, provider: Provider, server: Server) -> None:
        await provider.check()
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].url.raw_path == f"{API}/documents?limit=1&offset=0".encode()

    async def test_wrong_credentials_are_told_by_the_check(self, server: Server) -> None:
        async with SwitchLabs(self.account(api_key="wrong", base_url=server.url + API)) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.check()

    async def test_a_plan_without_api_access_is_named(self, provider: Provider) -> None:
        self.answer = httpx.Response(403)
        with pytest.raises(AuthenticationError, match="Business"):
            await provider.check()

    async def test_the_list_is_read_page_by_page_to_its_end(self, provider: Provider, server: Server) -> None:
        rows = [{"id": f"doc_{number}", "status": "sent"} for number in range(7)]

        def listed(request: httpx.Request) -> httpx.Response:
            first = int(request.url.params["offset"])
            return httpx.Response(200, json={"documents": rows[first : first + 3]})  # fewer than were asked for

        self.wire = listed  # type: ignore[method-assign]
        seen, after = [], 0
        while (page := await provider.recent(after)).next is not None:
            seen, after = [*seen, *(one.id for one in page.requests)], page.next
        assert seen == [row["id"] for row in rows]
        assert [request.url.params["offset"] for request in server.requests] == ["0", "3", "6", "7"]

    async def test_the_form_on_the_wire_is_the_documented_one(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request(message="Please sign.", reply_to="person03@example.com"))
        assert server.requests[0].url.path == f"{API}/documents"
        parts = uploaded(server.requests[0])
        assert [(name, filename, type) for name, filename, type, _ in parts] == [
            ("file", "document.pdf", "application/pdf"),
            ("title", None, None),
            ("recipients", None, None),
            ("fields", None, None),
            ("signing_order", None, None),
            ("send", None, None),
        ]
        file, title, recipients, fields, signing_order, send = (content for *_, content in parts)
        assert file == PDF
        assert title == f"Agreement 1 [{REF}]".encode()
        assert json.loads(recipients) == [
            {"name": "Signer One", "email": "person01@example.com"},
            {"name": "Signer Two", "email": "person02@example.com"},
        ]
        where = {"type": "signature", "page_index": 0, "x": 0.1, "y": 0.85, "width": 0.25, "height": 0.05}
        assert json.loads(fields) == [
            {"recipient_index": 0, **where, "required": True},
            {"recipient_index": 1, **where, "required": True},
        ]
        assert (signing_order, send) == (b"sequential", b"true")

    @pytest.mark.parametrize(
        ("kind", "word"),
        [
            (FieldKind.SIGNATURE, "signature"),
            (FieldKind.INITIALS, "initials"),
            (FieldKind.TEXT, "text"),
            (FieldKind.DATE, "date"),
            (FieldKind.CHECKBOX, "checkbox"),
        ],
    )
    async def test_every_kind_of_field_has_its_documented_word_and_place(
        self, provider: Provider, server: Server, kind: FieldKind, word: str
    ) -> None:
        placed = place("role1", kind, page=2, x=0, y=0.8, width=0.2, height=0.05, required=False, label="City")
        document = Document(pdf=PDF, fields=(place("role1"), placed))
        await provider.send(self.request(document=document, signers=people(1)))
        assert json.loads(texts(server.requests[0])["fields"])[1] == {
            "recipient_index": 0,
            "type": word,
            "page_index": 2,
            "x": 0.0,
            "y": 0.8,
            "width": 0.2,
            "height": 0.05,
            "required": False,
        }

    @pytest.mark.parametrize(
        ("orders", "said", "emails"),
        [
            ((1,), "parallel", ["person01"]),
            ((1, 1, 1), "parallel", ["person01", "person02", "person03"]),
            ((3, 3), "parallel", ["person01", "person02"]),
            ((1, 2, 3), "sequential", ["person01", "person02", "person03"]),
            ((5, 1, 3), "sequential", ["person02", "person03", "person01"]),
        ],
    )
    async def test_recipients_stand_in_the_order_they_sign_in_and_fields_follow_them(
        self, provider: Provider, server: Server, orders: tuple[int, ...], said: str, emails: list[str]
    ) -> None:
        signers = people(*orders)
        self.answer = httpx.Response(201, json={"id": "doc_1", "status": "sent"})
        sent = await provider.send(self.request(signers=signers, document=paper(*(one.role for one in signers))))
        form = texts(server.requests[0])
        assert form["signing_order"] == said
        recipients = json.loads(form["recipients"])
        assert [one["email"].partition("@")[0] for one in recipients] == emails
        by_role = {signer.role: signer.email for signer in signers}
        assert [recipients[field["recipient_index"]]["email"] for field in json.loads(form["fields"])] == [
            by_role[signer.role] for signer in signers
        ]
        assert [one.email for one in sent.signers] == [one["email"] for one in recipients]

    async def test_a_turn_that_only_some_share_is_refused_before_the_call(
        self, provider: Provider, server: Server
    ) -> None:
        with pytest.raises(Unsupported, match="share their turn"):
            await provider.send(self.request(signers=people(1, 2, 2), document=paper("role1", "role2", "role3")))
        assert server.connections == 0

    @pytest.mark.parametrize(
        "document",
        [
            Document(pdf=PDF),
            paper("first"),
            Document(pdf=PDF, fields=(place("first"), place("second", FieldKind.INITIALS))),
        ],
    )
    async def test_a_signer_with_nothing_to_sign_is_named_by_role_before_the_call(
        self, provider: Provider, server: Server, document: Document
    ) -> None:
        with pytest.raises(Unsupported, match=r"^Switch Labs eSign .* (first|second) has none") as caught:
            await provider.send(self.request(document=document))
        assert "person0" not in str(caught.value)
        assert server.connections == 0

    async def test_two_signers_in_one_role_cannot_share_a_place(self, provider: Provider, server: Server) -> None:
        first = people(1)[0]
        both = (first, first.model_copy(update={"email": "person09@example.com"}))
        with pytest.raises(Unsupported, match="role1"):
            await provider.send(self.request(signers=both, document=paper("role1")))
        assert server.connections == 0

    async def test_a_field_of_nobody_is_refused_before_the_call(self, provider: Provider, server: Server) -> None:
        for verb in (provider.send, self.own(provider).draft):
            with pytest.raises(Unsupported, match="witness"):
                await verb(self.request(document=paper("first", "second", "witness")))
        assert server.connections == 0

    async def test_a_title_is_cut_and_its_mark_is_not(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request(title="Ä" * 300))
        title = texts(server.requests[0])["title"]
        assert len(title) == 255
        assert title.endswith(f"… [{REF}]")

    async def test_extra_adds_fields_to_the_form_and_to_each_recipient(
        self, provider: Provider, server: Server
    ) -> None:
        late, early = people(2, 1)
        extra = {
            "note": "Ünter uns",
            "tags": ["a"],
            "copies": 2,
            "quick": True,
            "nothing": None,
            "recipients": [{"role": "approver", "email": "person09@example.com"}, {}, {"role": "third"}],
        }
        await provider.send(self.request(signers=(late, early), document=paper("role1", "role2"), extra=extra))
        form = texts(server.requests[0])
        assert json.loads(form["recipients"]) == [
            {"name": "Signer 2", "email": "person02@example.com"},
            {"name": "Signer 1", "email": "person01@example.com", "role": "approver"},
        ]
        added = {"note": "Ünter uns", "tags": '["a"]', "copies": "2", "quick": "true"}
        assert {name: form[name] for name in added} == added
        assert "nothing" not in form

    @pytest.mark.parametrize("orders", [(1, 1, 2), (1, 2, 2), (2, 1, 2)])
    def test_what_no_form_can_say_is_refused_for_the_plan_whatever_the_document(self, orders: tuple[int, ...]) -> None:
        document = Document(markdown="# Terms")
        SwitchLabs.refuse_unsayable(self.request(document=document))
        with pytest.raises(Unsupported, match="share their turn"):
            SwitchLabs.refuse_unsayable(self.request(document=document, signers=people(*orders)))
        with pytest.raises(Unsupported, match="send"):
            SwitchLabs.refuse_unsayable(self.request(document=document, extra={"send": "true"}))

    async def test_what_is_left_out_by_declaration_is_left_out(self, provider: Provider, server: Server) -> None:
        said = {"message": "Please sign.", "reply_to": "person03@example.com", "locale": "en-GB"}
        assert set(said) == provider.leaves_out
        await provider.send(self.request(**said))
        assert not [word for word in said.values() if word.encode() in server.requests[0].content]

    @pytest.mark.parametrize("key", ["file", "title", "fields", "signing_order", "send"])
    def test_extra_cannot_send_a_draft_or_double_a_part(self, key: str) -> None:
        with pytest.raises(Unsupported, match=key):
            form_of(self.request(extra={key: "true"}), send=False)

    @pytest.mark.parametrize("more", [{"title": "half a pair \ud800"}, {"extra": {"ratio": [float("nan")]}}])
    async def test_a_value_no_request_can_carry_is_refused_before_the_call(
        self, provider: Provider, server: Server, more: dict[str, Any]
    ) -> None:
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request(**more))
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert server.connections == 0

    async def test_an_id_from_outside_cannot_lead_to_another_call(self, provider: Provider, server: Server) -> None:
        for bad in ("", "..", " . "):
            with pytest.raises(PermanentError):
                await provider.get(bad)
            with pytest.raises(PermanentError):
                await self.own(provider).send_draft(bad)
        with pytest.raises(PermanentError):
            await provider.get("../documents?x#")
        assert [request.url.raw_path for request in server.requests] == [
            f"{API}/documents/..%2Fdocuments%3Fx%23/status".encode()
        ]

    # -- drafts --------------------------------------------------------------------------------------------------

    def own(self, provider: Provider) -> SwitchLabs:
        assert isinstance(provider, SwitchLabs)
        return provider

    async def test_a_draft_is_the_same_form_without_being_sent(self, provider: Provider, server: Server) -> None:
        drafted = await self.own(provider).draft(self.request())
        await provider.send(self.request())
        first, second = (texts(request) for request in server.requests)
        assert {**first, "send": "true"} == second
        assert "send" not in first
        assert (drafted.id, drafted.status, drafted.ref) == ("doc_0003", Status.DRAFT, REF)

    async def test_a_draft_may_lack_the_fields_a_person_will_place(self, provider: Provider, server: Server) -> None:
        await self.own(provider).draft(self.request(document=Document(pdf=PDF)))
        assert "fields" not in texts(server.requests[0])

    async def test_a_draft_is_sent_with_a_message_or_without_a_body(self, provider: Provider, server: Server) -> None:
        own = self.own(provider)
        await own.send_draft("doc_0003", "Please sign at your earliest convenience")
        await own.send_draft("doc_0003")
        assert {(request.method, request.url.path) for request in server.requests} == {
            ("POST", f"{API}/documents/doc_0003/send")
        }
        with_message, without = server.requests
        assert json.loads(with_message.content) == {"message": "Please sign at your earliest convenience"}
        assert with_message.headers["content-type"] == "application/json"
        assert without.content == b""

    @pytest.mark.parametrize("content", [b"", b"OK", b"{}", b"[]"])
    async def test_an_undocumented_answer_to_sending_a_draft_is_taken_for_a_yes(
        self, provider: Provider, content: bytes
    ) -> None:
        self.answer = httpx.Response(200, content=content)
        await self.own(provider).send_draft("doc_0003")

    async def test_a_draft_that_may_have_been_sent_is_unclear(self, provider: Provider) -> None:
        self.answer = httpx.Response(500)
        with pytest.raises(OutcomeUnknown):
            await self.own(provider).send_draft("doc_0003")
        with pytest.raises(OutcomeUnknown):
            await self.own(provider).draft(self.request())

    # -- what it says --------------------------------------------------------------------------------------------

    async def test_recipients_get_their_ids_and_links_by_their_place(self, provider: Provider) -> None:
        snapshot = await provider.send(self.request())
        assert (snapshot.id, snapshot.status, snapshot.ref) == ("doc_0001", Status.SENT, REF)
        assert snapshot.signers == (
            SignerSnapshot(
                id="rec_0001",
                name="Signer One",
                email="person01@example.com",
                sign_url="https://www.switchlabs.dev/sign/key-0001",
            ),
            SignerSnapshot(
                id="rec_0002",
                name="Signer Two",
                email="person02@example.com",
                sign_url="https://www.switchlabs.dev/sign/key-0002",
            ),
        )

    async def test_signing_pages_are_known_and_never_shown(self, provider: Provider) -> None:
        assert "key-0001" not in repr(await provider.send(self.request()))

    @pytest.mark.parametrize("recipients", [None, {}, "?", [], [{"id": "r1"}], [{"id": "r1"}] * 3])
    async def test_recipients_that_are_not_as_many_as_ours_are_nobodys(
        self, provider: Provider, recipients: Any
    ) -> None:
        self.answer = httpx.Response(201, json={"id": 7, "status": "sent", "recipients": recipients})
        snapshot = await provider.send(self.request())
        assert snapshot.id == "7"
        assert [(one.email, one.id, one.sign_url) for one in snapshot.signers] == [
            ("person01@example.com", None, None),
            ("person02@example.com", None, None),
        ]

    async def test_a_recipient_that_cannot_be_read_moves_nobody_up(self, provider: Provider) -> None:
        self.answer = httpx.Response(201, json={"id": "d1", "recipients": [None, {"id": "r2"}]})
        snapshot = await provider.send(self.request())
        assert [(one.email, one.id) for one in snapshot.signers] == [
            ("person01@example.com", None),
            ("person02@example.com", "r2"),
        ]

    async def test_a_recipient_who_is_named_after_all_keeps_the_own_id(self, provider: Provider) -> None:
        other_way_round = [
            {"id": "r2", "email": "person02@example.com"},
            {"id": "r1", "email": "person01@example.com"},
        ]
        self.answer = httpx.Response(201, json={"id": "d1", "recipients": other_way_round})
        snapshot = await provider.send(self.request())
        assert {one.email: one.id for one in snapshot.signers} == {
            "person01@example.com": "r1",
            "person02@example.com": "r2",
        }

    async def test_a_status_shows_how_everybody_stands(self, provider: Provider) -> None:
        snapshot = await provider.get("doc_0001")
        assert (snapshot.status, snapshot.ref, snapshot.completed_at) == (Status.SENT, REF, None)
        assert snapshot.signers == (
            SignerSnapshot(
                id="rec_0001",
                name="Signer One",
                email="person01@example.com",
                status=SignerStatus.SIGNED,
                viewed_at=datetime(2026, 3, 26, 11, 58, tzinfo=UTC),
                signed_at=datetime(2026, 3, 26, 12, tzinfo=UTC),
            ),
            SignerSnapshot(id="rec_0002", name="Signer Two", email="person02@example.com", status=SignerStatus.WAITING),
        )

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("draft", Status.DRAFT),
            ("sent", Status.SENT),
            ("Completed", Status.COMPLETED),
            ("declined", Status.DECLINED),
            ("voided", Status.CANCELED),
            ("partially_signed", Status.IN_PROGRESS),
            ("signed", Status.UNKNOWN),
            ("archived", Status.UNKNOWN),
            ("", Status.UNKNOWN),
            (None, Status.UNKNOWN),
            (7, Status.UNKNOWN),
        ],
    )
    async def test_states_are_understood_and_new_ones_are_unknown(
        self, provider: Provider, word: Any, status: Status
    ) -> None:
        self.answer = httpx.Response(200, json={"status": word})
        snapshot = await provider.get("doc_0001")
        assert (snapshot.id, snapshot.status, snapshot.signers) == ("doc_0001", status, ())

    @pytest.mark.parametrize("envelope", ["document", "data"])
    async def test_a_status_in_an_envelope_is_read_like_one_without(self, provider: Provider, envelope: str) -> None:
        answer = {"status": "ok", envelope: {"id": "other", "status": "completed", "completed_at": "2026-03-26"}}
        self.answer = httpx.Response(200, json=answer)
        snapshot = await provider.get("doc_0001")
        assert (snapshot.id, snapshot.status) == ("doc_0001", Status.COMPLETED)
        assert snapshot.completed_at == datetime(2026, 3, 26, tzinfo=UTC)

    @pytest.mark.parametrize("answer", [{}, [], None, 7, {"document": "?"}, {"data": []}])
    async def test_an_answer_without_a_status_is_none(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.get("doc_0001")

    @pytest.mark.parametrize(
        ("recipient", "status"),
        [
            ({"signed_at": "2026-03-26T12:00:00Z", "viewed_at": "2026-03-26T11:00:00Z"}, SignerStatus.SIGNED),
            ({"status": "new word", "viewed_at": "2026-03-26T11:00:00Z"}, SignerStatus.VIEWED),
            ({"status": "declined"}, SignerStatus.DECLINED),
            ({"status": ["signed"], "signed_at": 7}, None),
            ({}, None),
            ("?", None),
        ],
    )
    async def test_how_a_signer_stands_is_read_from_the_word_else_from_the_times(
        self, provider: Provider, recipient: Any, status: SignerStatus | None
    ) -> None:
        self.answer = httpx.Response(200, json={"status": "sent", "recipients": [recipient]})
        assert [one.status for one in (await provider.get("doc_0001")).signers] == [status]

    # -- the list ------------------------------------------------------------------------------------------------

    async def test_the_list_is_asked_for_by_status_and_page(self, provider: Provider, server: Server) -> None:
        own = self.own(provider)
        await own.documents()
        await own.documents(Status.CANCELED, limit=100, offset=300)
        assert [dict(request.url.params) for request in server.requests] == [
            {"limit": "50", "offset": "0"},
            {"status": "voided", "limit": "100", "offset": "300"},
        ]

    async def test_a_status_the_list_has_no_word_for_is_refused(self, provider: Provider, server: Server) -> None:
        with pytest.raises(Unsupported, match="in_progress"):
            await self.own(provider).documents(Status.IN_PROGRESS)
        assert server.connections == 0

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda rows: rows,
            lambda rows: {"documents": rows},
            lambda rows: {"data": rows},
            lambda rows: {"data": {"documents": rows}},
        ],
    )
    async def test_a_list_is_read_in_any_likely_envelope(self, provider: Provider, wrap: Any) -> None:
        rows = [{"id": "d1", "title": "Agreement 1", "status": "sent"}, {"title": "no id"}, "?"]
        self.answer = httpx.Response(200, json=wrap(rows))
        page = await self.own(provider).documents()
        assert [(one.id, one.status) for one in page.documents] == [("d1", Status.SENT)]
        assert (page.rows, page.total) == (3, None)

    async def test_a_total_is_told_where_there_is_one(self, provider: Provider) -> None:
        page = await self.own(provider).documents()
        assert (len(page.documents), page.rows, page.total) == (2, 2, 2)

    @pytest.mark.parametrize("answer", [{}, {"documents": {}}, None, 7])
    async def test_an_answer_without_a_list_is_no_look_up(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.find({REF})

    async def test_a_short_list_is_all_there_is(self, provider: Provider) -> None:
        lookup = await provider.find({REF})
        assert lookup.found[REF].id == "doc_0001"
        assert (lookup.ids, lookup.complete) == (frozenset({"doc_0001", "doc_0002"}), True)

    @pytest.mark.parametrize("strange", [{"id": "d2", "status": "sent"}, {"title": "Agreement 2"}, "?", None])
    async def test_one_document_that_cannot_be_read_may_be_the_one_so_nobody_is_absent(
        self, provider: Provider, strange: Any
    ) -> None:
        self.answer = httpx.Response(200, json=[row("d1", REF), strange])
        lookup = await provider.find({REF, "E9E9E9E9"})
        assert (lookup.found[REF].id, lookup.ids, lookup.complete) == ("d1", frozenset(), False)

    async def test_a_mark_on_two_documents_is_told_with_both(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json=[row(name, REF) for name in ("d3", "d2", "d1")])
        lookup = await provider.find({REF})
        assert lookup.found[REF].id == "d3"
        assert [one.id for one in lookup.also[REF]] == ["d2", "d1"]

    async def test_a_mark_elsewhere_in_a_title_is_not_ours(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json=[{"id": "d1", "title": f"[{REF}] Agreement"}])
        assert (await provider.find({REF})).found == {}

    async def test_a_long_list_is_read_to_its_end(self) -> None:
        rows = [row(f"d{number}") for number in range(MOST * 2)] + [row("last", REF)]
        lookup, pages = await self.looked_up(rows)
        assert pages == [(100, 0), (100, 100), (100, 200), (100, 201)]
        assert lookup.found[REF].id == "last"
        assert (len(lookup.ids), lookup.complete) == (MOST * 2 + 1, True)

    async def test_a_page_shorter_than_asked_for_is_not_the_end_where_the_total_says_more(self) -> None:
        rows = [row(f"d{number}") for number in range(120)] + [row("last", REF)]
        lookup, pages = await self.looked_up(rows, at_most=50, total=True)
        assert [offset for _, offset in pages] == [0, 50, 100]
        assert (lookup.found[REF].id, lookup.complete) == ("last", True)

    async def test_a_list_that_gives_out_before_its_total_is_not_complete(self) -> None:
        lookup = await self.looked_up_in([{"documents": [row("d1")], "total": 2}, {"documents": [], "total": 2}])
        assert (lookup.ids, lookup.complete) == (frozenset(), False)

    async def test_a_list_too_long_to_be_read_whole_proves_nobodys_absence(self) -> None:
        """Its order is not documented: with the oldest first, the one we look for stands where nobody has read."""
        rows = [row("d0", REF)] + [row(f"d{number}") for number in range(1, MOST * PAGES + 1)]
        lookup, pages = await self.looked_up(rows)
        assert len(pages) == PAGES
        assert (lookup.found[REF].id, lookup.ids, lookup.complete) == ("d0", frozenset(), False)

    @pytest.mark.parametrize(("step", "window"), [(-1, MOST * PAGES), (0, MOST * PAGES), (1, 0)])
    async def test_a_list_seen_to_have_the_newest_first_is_a_window(self, step: int, window: int) -> None:
        newest = datetime(2026, 3, 26, tzinfo=UTC)
        made = [(newest + timedelta(seconds=step * number)).isoformat() for number in range(MOST * PAGES + 1)]
        lookup, _ = await self.looked_up([{**row(f"d{number}"), "created_at": at} for number, at in enumerate(made)])
        assert (len(lookup.ids), lookup.complete) == (window, False)

    async def test_a_document_shown_on_two_pages_is_one_and_the_list_has_moved(self) -> None:
        rows = [row(f"d{number}") for number in range(MOST - 1)] + [row("ours", REF)]
        lookup = await self.looked_up_in([rows, [row("ours", REF), row("d200")]])
        assert (lookup.found[REF].id, lookup.also) == ("ours", {})
        assert (lookup.ids, lookup.complete) == (frozenset(), False)

    async def looked_up(
        self, rows: list[dict[str, Any]], *, at_most: int = MOST, total: bool = False
    ) -> tuple[Lookup, list[tuple[int, int]]]:
        """A look-up at a provider that has these documents, and the pages it asked for (limit, offset)."""
        asked: list[tuple[int, int]] = []

        def wire(request: httpx.Request) -> httpx.Response:
            limit, offset = (int(request.url.params[name]) for name in ("limit", "offset"))
            asked.append((limit, offset))
            page = rows[offset : offset + min(limit, at_most)]
            return httpx.Response(200, json={"documents": page, **({"total": len(rows)} if total else {})})

        async with answering(wire) as server, SwitchLabs(self.account(base_url=server.url + API)) as provider:
            return await provider.find({REF}), asked

    async def looked_up_in(self, answers: list[Any]) -> Lookup:
        """A look-up at a provider that gives these answers, all of which are asked for, and then an empty page."""
        left = iter(answers)
        async with (
            answering(lambda request: httpx.Response(200, json=next(left, []))) as server,
            SwitchLabs(self.account(base_url=server.url + API)) as provider,
        ):
            lookup = await provider.find({REF})
        assert not list(left)
        return lookup

    # -- webhooks ------------------------------------------------------------------------------------------------

    def test_the_documented_delivery_is_read_whole(self) -> None:
        event = SwitchLabs.parse(self.delivery("recipient.signed")[1])
        assert event.model_dump(exclude_none=True, exclude={"raw"}) == {
            "type": EventType.SIGNED,
            "name": "recipient.signed",
            "provider_id": "doc_0001",
            "signer_id": "rec_0001",
            "signers": (),
            "occurred_at": datetime(2026, 3, 26, 12, tzinfo=UTC),
        }
        assert event.raw["data"] == {"fieldCount": 3}

    def test_an_event_of_a_document_names_nobody(self) -> None:
        assert SwitchLabs.parse(self.delivery("document.sent")[1]).signer_id is None

    @pytest.mark.parametrize(
        ("event", "reason"),
        [("recipient.declined", "Wrong date"), ("document.voided", "Wrong date"), ("document.sent", None)],
    )
    def test_a_reason_is_kept_where_one_belongs(self, event: str, reason: str | None) -> None:
        body = json.dumps({"event": event, "document_id": "d1", "data": {"reason": "Wrong date"}}).encode()
        assert SwitchLabs.parse(body).reason == reason

    def test_a_new_event_is_unknown_and_no_error(self) -> None:
        event = SwitchLabs.parse(b'{"event": "recipient.blinked", "recipient_id": 8, "timestamp": "soon"}')
        assert (event.type, event.name, event.signer_id) == (EventType.UNKNOWN, "recipient.blinked", "8")
        assert (event.provider_id, event.occurred_at) == (None, None)

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"event": 7.5}', b'{"event": "document.sent"}'])
    def test_what_cannot_be_understood_is_refused_with_a_sentence(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            SwitchLabs.parse(body)

    @pytest.mark.parametrize("key", ["event", "document_id", "recipient_id", "timestamp"])
    def test_whatever_tells_two_deliveries_apart_is_in_their_identity(self, key: str) -> None:
        delivery = payload("webhook-recipient.signed")
        identity = SwitchLabs.delivery_id({}, json.dumps(delivery).encode())
        assert identity != SwitchLabs.delivery_id({}, json.dumps({**delivery, key: "another"}).encode())
        assert identity.startswith("recipient.signed:doc_0001:rec_0001:")

    def test_a_repeat_written_otherwise_is_the_same_delivery(self) -> None:
        _, body = self.delivery("recipient.signed")
        again = json.dumps(dict(reversed(json.loads(body).items()))).encode()
        assert again != body
        assert SwitchLabs.delivery_id({}, again) == SwitchLabs.delivery_id({}, body)

    @pytest.mark.parametrize("missing", ["event", "document_id", "timestamp"])
    def test_without_a_part_of_it_the_bytes_are_the_identity(self, missing: str) -> None:
        delivery = payload("webhook-recipient.signed")
        del delivery[missing]
        one, other = (json.dumps({**delivery, "data": data}).encode() for data in ({"fieldCount": 3}, {}))
        assert SwitchLabs.delivery_id({}, one) != SwitchLabs.delivery_id({}, other)

    def test_the_whole_header_is_compared_and_the_api_key_signs_nothing(self) -> None:
        headers, body = self.delivery("recipient.signed")
        digest = headers["x-esign-signature"].removeprefix("sha256=")
        by_key = "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        for wrong in (digest, f"sha1={digest}", f"sha256={digest[:-1]}", f"sha256={digest}0", "sha256=", by_key):
            with pytest.raises(InvalidWebhook):
                SwitchLabs.verify(self.account(), {"x-esign-signature": wrong}, body)

    @given(
        st.fixed_dictionaries(
            {"event": st.sampled_from([*events, "?"]) | json_values},
            optional=dict.fromkeys(("document_id", "recipient_id", "timestamp", "data"), json_values)
            | {"data": st.fixed_dictionaries({"reason": json_values})},
        )
    )
    def test_no_json_of_nearly_the_right_shape_makes_parse_raise_anything_but_value_errors(self, value: Any) -> None:
        self.parse_or_refuse(json.dumps(value).encode())


def row(provider_id: str, ref: str | None = None) -> dict[str, Any]:
    title = f"Agreement [{ref}]" if ref else "Agreement"
    return {"id": provider_id, "title": title, "status": "sent"}


def test_the_secrets_are_needed_and_never_shown() -> None:
    settings = SwitchLabsSettings.model_validate({"api_key": KEY, "webhook_secret": SECRET})
    shown = f"{settings!r}{settings!s}{settings.model_dump_json()}"
    assert KEY not in shown
    assert SECRET not in shown
    assert settings.base_url == "https://www.switchlabs.dev/api/esign/v1"
    assert settings.mode == "test"
    for missing in ({"api_key": KEY}, {"webhook_secret": SECRET}, {"api_key": KEY, "webhook_secret": ""}):
        with pytest.raises(ValidationError):
            SwitchLabsSettings.model_validate(missing)
