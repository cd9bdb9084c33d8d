"""Example Sign against its own reference, `reference.md`; a real provider's test stands in `tests/connectors`."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite

from connectors.signing.errors import (
    ConnectorError,
    InvalidWebhook,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.model import (
    Document,
    Event,
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
from docs.example_provider.block import ExampleSignCredentials
from docs.example_provider.examplesign import (
    KINDS,
    REFERENCES,
    SIGNER_STATUSES,
    STATUSES,
    ExampleSign,
    ExampleSignSettings,
    verify_at,
)
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server, answering

REFERENCE = (Path(__file__).parent / "reference.md").read_text("utf-8")
KEY = "exs_key-for-tests"
SECRET = "whs_secret-for-tests"
PDF = b"%PDF-1.7\r\n--not-a-boundary\r\n\x00\xff"
API = "/v2"


def place(role: str, kind: FieldKind = FieldKind.SIGNATURE, **more: Any) -> PlacedField:
    where = {"page": 0, "x": 0.1, "y": 0.85, "width": 0.25, "height": 0.05}
    return PlacedField.model_validate({"role": role, "kind": kind, **where, **more})


def people(*orders: int) -> tuple[Signer, ...]:
    return tuple(
        Signer(role=f"role{number}", name=f"Signer {number}", email=f"person{number:02}@example.com", order=order)
        for number, order in enumerate(orders, start=1)
    )


def envelope(**more: Any) -> dict[str, Any]:
    """The envelope of the reference, "POST /envelopes"."""
    times = {"opened_at": None, "signed_at": None, "refused_at": None}
    one = {"id": "sgn_01", "name": "Signer One", "email": "person01@example.com", "sequence": 1, "status": "asked"}
    two = {"id": "sgn_02", "name": "Signer Two", "email": "person02@example.com", "sequence": 2, "status": "waiting"}
    return {
        "id": "env_7f3a",
        "status": "sent",
        "title": "Agreement 1",
        "metadata": REF,
        "test": True,
        "created_at": "2026-03-26T10:00:00Z",
        "completed_at": None,
        "reason": None,
        "signers": [{**one, **times}, {**two, **times}],
        **more,
    }


def error(status: int, code: str, message: str = "No.") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message})


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


def signed(body: bytes, *, at: int, secret: str = SECRET) -> str:
    code = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={code}"


class TestExampleSign(ProviderContract):
    provider_class = ExampleSign
    settings: ClassVar = {"api_key": KEY, "webhook_secret": SECRET}
    base_path = API
    key_setting = "api_key"
    secret_setting = "webhook_secret"
    document = Document(pdf=PDF, fields=(place("first"), place("second")))
    calls_to_send = ("POST /envelopes",)
    events: ClassVar = {
        "envelope.sent": EventType.INVITED,
        "signer.opened": EventType.VIEWED,
        "signer.signed": EventType.SIGNED,
        "envelope.completed": EventType.COMPLETED,
        "signer.refused": EventType.DECLINED,
        "envelope.voided": EventType.CANCELED,
    }
    speaks: ClassVar = {
        "POST /envelopes": lambda provider, sent: provider.send(TestExampleSign().request()),
        "GET /envelopes": lambda provider, sent: provider.find({REF}),
        "GET /envelopes/{id}": lambda provider, sent: provider.get(sent.id),
        "POST /envelopes/{id}/void": lambda provider, sent: provider.cancel(sent.id),
        "POST /envelopes/{id}/signers/{signer}/nudge": lambda provider, sent: provider.remind(sent.id, "sgn_01"),
        "GET /envelopes/{id}/document": lambda provider, sent: provider.download(sent.id),
        "GET /account": lambda provider, sent: provider.check(),
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "bad_key")
        match request.method, request.url.path.removeprefix(API).strip("/").split("/"):
            case "GET", ["account"]:
                return httpx.Response(200, json={"id": "acc_01", "name": "Example Company 01"})
            case "POST", ["envelopes"]:
                return httpx.Response(201, json=envelope())
            case "GET", ["envelopes"]:
                return httpx.Response(200, json={"envelopes": [envelope()], "more": False})
            case "GET", ["envelopes", _]:
                return httpx.Response(200, json=envelope())
            case "GET", ["envelopes", _, "document"]:
                return httpx.Response(200, content=PDF, headers={"content-type": "application/pdf"})
            case "POST", ["envelopes", _, "void"]:
                return httpx.Response(204 if json.loads(request.content).get("reason") else 422)
            case "POST", ["envelopes", _, "signers", "sgn_01", "nudge"]:
                return httpx.Response(202)
        return error(404, "unknown")

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps(self.told(kind)).encode()
        return {"x-example-signature": signed(body, at=int(time.time()))}, body

    def told(self, kind: str) -> dict[str, Any]:
        """The delivery of the reference, "Webhooks"."""
        person = {"id": "sgn_01", "email": "person01@example.com"}
        return {
            "id": f"evt_{list(self.events).index(kind) + 1:02}",
            "type": kind,
            "occurred_at": "2026-03-26T12:00:00Z",
            "envelope": {"id": "env_7f3a", "status": "completed", "metadata": REF},
            "signer": person if kind.startswith("signer.") else None,
            "reason": "Wrong date" if kind in ("signer.refused", "envelope.voided") else None,
        }

    # -- the request ---------------------------------------------------------------------------------------------

    async def test_the_form_on_the_wire_is_the_documented_one(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request(message="Please sign."))
        request = server.requests[0]
        assert (request.url.raw_path, request.headers["authorization"]) == (b"/v2/envelopes", f"Bearer {KEY}")
        parts = uploaded(request)
        assert parts[0] == ("file", "document.pdf", "application/pdf", PDF)
        assert [name for name, *_ in parts[1:]] == ["title", "signers", "fields", "message", "metadata", "test"]
        form = texts(request)
        assert (form["title"], form["message"], form["metadata"]) == ("Agreement 1", "Please sign.", REF)
        assert json.loads(form["signers"]) == [
            {"name": "Signer One", "email": "person01@example.com", "sequence": 1},
            {"name": "Signer Two", "email": "person02@example.com", "sequence": 2},
        ]
        where = {"type": "signature", "page": 1, "x": 10.0, "y": 85.0, "width": 25.0, "height": 5.0, "required": True}
        assert json.loads(form["fields"]) == [{"signer": 0, **where}, {"signer": 1, **where}]

    @pytest.mark.parametrize(
        ("kind", "word"),
        [
            (FieldKind.SIGNATURE, "signature"),
            (FieldKind.INITIALS, "initials"),
            (FieldKind.DATE, "date"),
            (FieldKind.TEXT, "text"),
            (FieldKind.CHECKBOX, "tick"),
        ],
    )
    async def test_every_kind_of_field_has_its_documented_word_and_place(
        self, provider: Provider, server: Server, kind: FieldKind, word: str
    ) -> None:
        field = place("first", kind, page=2, x=0, y=0.8, width=1 / 3, required=False, label="City")
        await provider.send(self.request(document=Document(pdf=PDF, fields=(field,))))
        assert json.loads(texts(server.requests[0])["fields"]) == [
            {
                "signer": 0,
                "type": word,
                "page": 3,
                "x": 0.0,
                "y": 80.0,
                "width": 33.3333,
                "height": 5.0,
                "required": False,
                "label": "City",
            }
        ]

    @pytest.mark.parametrize(
        ("orders", "sequences"),
        [((1,), [1]), ((3, 3), [1, 1]), ((1, 2, 2), [1, 2, 2]), ((5, 1, 3), [3, 1, 2])],
    )
    async def test_turns_are_counted_without_gaps(
        self, provider: Provider, server: Server, orders: tuple[int, ...], sequences: list[int]
    ) -> None:
        await provider.send(self.request(signers=people(*orders), document=Document(pdf=PDF)))
        form = texts(server.requests[0])
        assert [signer["sequence"] for signer in json.loads(form["signers"])] == sequences
        assert "fields" not in form

    @pytest.mark.parametrize(("test", "word"), [(True, "true"), (False, "false")])
    async def test_a_trial_is_always_told_from_the_real_thing(
        self, provider: Provider, server: Server, test: bool, word: str
    ) -> None:
        await provider.send(self.request(test=test))
        assert texts(server.requests[0])["test"] == word

    async def test_our_mark_is_the_key_that_keeps_it_single(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request())
        await provider.send(self.request(ref=""))
        with_mark, without = server.requests
        assert with_mark.headers["idempotency-key"] == REF
        assert "idempotency-key" not in without.headers
        assert "metadata" not in texts(without)

    async def test_a_long_title_is_cut(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request(title="Ä" * 300))
        assert texts(server.requests[0])["title"] == "Ä" * 119 + "…"

    async def test_extra_adds_text_parts(self, provider: Provider, server: Server) -> None:
        extra = {"note": "Ünter uns", "tags": ["a"], "nothing": None, "message": "Another."}
        await provider.send(self.request(message="Please sign.", extra=extra))
        form = texts(server.requests[0])
        assert (form["note"], form["tags"], form["message"]) == ("Ünter uns", '["a"]', "Another.")
        assert "nothing" not in form

    @pytest.mark.parametrize("name", ["file", "title", "signers", "fields", "metadata", "test"])
    async def test_extra_cannot_say_what_the_request_says(self, provider: Provider, server: Server, name: str) -> None:
        request = self.request(extra={name: "false"})
        with pytest.raises(Unsupported, match=name):
            ExampleSign.refuse_unsayable(request)
        with pytest.raises(Unsupported, match=name):
            await provider.send(request)
        assert server.connections == 0

    @pytest.mark.parametrize(
        "more",
        [
            {"document": Document(pdf=PDF, fields=(place("witness"),))},
            {"extra": {"ratio": float("nan")}},
            {"title": "half a pair \ud800"},
        ],
    )
    async def test_what_cannot_be_said_is_refused_before_the_call(
        self, provider: Provider, server: Server, more: dict[str, Any]
    ) -> None:
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request(**more))
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert server.connections == 0

    async def test_what_is_left_out_by_declaration_is_left_out(self, provider: Provider, server: Server) -> None:
        said = {"reply_to": "person03@example.com", "locale": "en-GB"}
        assert set(said) == provider.leaves_out
        await provider.send(self.request(**said))
        assert not [word for word in said.values() if word.encode() in server.requests[0].content]

    # -- what an answer means ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("code", ["duplicate_key", "key_in_use"])
    async def test_a_repeated_key_may_mean_an_envelope_is_out_there(self, provider: Provider, code: str) -> None:
        self.answer = error(409, code)
        with pytest.raises(OutcomeUnknown, match="look before trying again"):
            await provider.send(self.request())

    async def test_other_conflicts_are_refusals(self, provider: Provider) -> None:
        self.answer = error(409, "too_late", 'It says "code": "duplicate_key", but only here.')
        with pytest.raises(PermanentError):
            await provider.cancel("env_7f3a")
        self.answer = error(409, "not_in_turn")
        with pytest.raises(PermanentError):
            await provider.remind("env_7f3a", "sgn_02")

    async def test_maintenance_has_done_nothing(self, provider: Provider) -> None:
        self.answer = error(503, "maintenance")
        with pytest.raises(TransientError) as caught:
            await provider.send(self.request())
        assert caught.value.retry_after == 60.0

    async def test_a_document_that_is_still_being_made_is_worth_another_try(self, provider: Provider) -> None:
        self.answer = error(409, "not_sealed")
        with pytest.raises(TransientError):
            await provider.download("env_7f3a")

    async def test_a_document_that_is_none_is_not_kept(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, text="<p>soon</p>")
        with pytest.raises(TransientError, match="not a PDF"):
            await provider.download("env_7f3a")

    @pytest.mark.parametrize(
        ("status", "code", "detail"), [(422, "invalid", "`title` is too long."), (402, "no_credit", "No credit left.")]
    )
    async def test_their_sentence_is_kept_as_detail(
        self, provider: Provider, status: int, code: str, detail: str
    ) -> None:
        self.answer = error(status, code, detail)
        with pytest.raises(ConnectorError) as caught:
            await provider.send(self.request())
        assert caught.value.detail == detail
        assert detail not in str(caught.value)

    # -- the other calls -----------------------------------------------------------------------------------------

    async def test_a_withdrawal_has_the_reason_it_needs(self, provider: Provider, server: Server) -> None:
        await provider.cancel("env_7f3a")
        assert json.loads(server.requests[0].content) == {"reason": "Withdrawn by the sender."}

    async def test_the_document_comes_as_it_is(self, provider: Provider, server: Server) -> None:
        assert await provider.download("env_7f3a") == PDF
        assert server.requests[0].headers["accept"] == "application/pdf"

    async def test_ids_from_outside_cannot_lead_to_another_call(self, provider: Provider, server: Server) -> None:
        for bad in ("", "..", " . "):
            for call in (provider.get, provider.cancel, provider.download):
                with pytest.raises(PermanentError):
                    await call(bad)
            with pytest.raises(PermanentError):
                await provider.remind("env_7f3a", bad)
        assert server.connections == 0
        with pytest.raises(PermanentError):
            await provider.get("../account?x#")
        assert server.requests[0].url.raw_path == b"/v2/envelopes/..%2Faccount%3Fx%23"

    # -- what it says --------------------------------------------------------------------------------------------

    async def test_an_envelope_is_read_whole(self, provider: Provider) -> None:
        one, two = envelope()["signers"]
        one |= {"status": "signed", "opened_at": "2026-03-26T11:58:00Z", "signed_at": "2026-03-26T12:00:00Z"}
        two |= {"status": "refused", "refused_at": "2026-03-26T13:00:00Z"}
        shown = envelope(status="refused", reason="Wrong date", signers=[one, two])
        self.answer = httpx.Response(200, json=shown)
        snapshot = await provider.get("env_7f3a")
        assert (snapshot.status, snapshot.ref, snapshot.reason) == (Status.DECLINED, REF, "Wrong date")
        assert snapshot.raw == shown
        assert snapshot.signers == (
            SignerSnapshot(
                id="sgn_01",
                name="Signer One",
                email="person01@example.com",
                status=SignerStatus.SIGNED,
                viewed_at=datetime(2026, 3, 26, 11, 58, tzinfo=UTC),
                signed_at=datetime(2026, 3, 26, 12, tzinfo=UTC),
            ),
            SignerSnapshot(
                id="sgn_02",
                name="Signer Two",
                email="person02@example.com",
                status=SignerStatus.DECLINED,
                declined_at=datetime(2026, 3, 26, 13, tzinfo=UTC),
            ),
        )

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("sent", Status.SENT),
            ("signing", Status.IN_PROGRESS),
            ("sealing", Status.IN_PROGRESS),
            ("completed", Status.COMPLETED),
            ("refused", Status.DECLINED),
            ("voided", Status.CANCELED),
            ("archived", Status.UNKNOWN),
            (None, Status.UNKNOWN),
            (["sent"], Status.UNKNOWN),
        ],
    )
    async def test_states_are_understood_and_new_ones_are_unknown(
        self, provider: Provider, word: Any, status: Status
    ) -> None:
        self.answer = httpx.Response(200, json=envelope(status=word))
        assert (await provider.get("env_7f3a")).status is status

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("waiting", SignerStatus.WAITING),
            ("asked", SignerStatus.INVITED),
            ("opened", SignerStatus.VIEWED),
            ("signed", SignerStatus.SIGNED),
            ("refused", SignerStatus.DECLINED),
            ("napping", None),
        ],
    )
    async def test_how_a_signer_stands_is_understood(
        self, provider: Provider, word: str, status: SignerStatus | None
    ) -> None:
        self.answer = httpx.Response(200, json=envelope(signers=[{"id": "sgn_01", "status": word}, "?"]))
        assert [one.status for one in (await provider.get("env_7f3a")).signers] == [status]

    @pytest.mark.parametrize("answer", [{}, [], None, 7, {"envelope": envelope()}])
    async def test_an_answer_without_an_envelope_is_none(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.get("env_7f3a")

    # -- finding -------------------------------------------------------------------------------------------------

    async def looked_up(
        self, refs: set[str], newest: Sequence[Any], *, more: bool, ever: Sequence[Any] = (), cut_off: bool = False
    ) -> tuple[Lookup, list[str]]:
        """A look-up at a provider with these newest envelopes and these found by a search, and what it searched for."""
        asked: list[str] = []

        def wire(request: httpx.Request) -> httpx.Response:
            reference = request.url.params.get("reference")
            if reference is None:
                return httpx.Response(200, json={"envelopes": list(newest), "more": more})
            asked.append(reference)
            return httpx.Response(200, json={"envelopes": list(ever), "more": cut_off})

        async with answering(wire) as server, ExampleSign(self.account(base_url=server.url + API)) as provider:
            return await provider.find(refs), asked

    async def test_a_list_that_shows_everything_needs_no_search(self) -> None:
        lookup, asked = await self.looked_up({REF, "E9E9E9E9"}, [envelope()], more=False)
        assert (set(lookup.found), lookup.ids, lookup.complete, asked) == ({REF}, frozenset({"env_7f3a"}), True, [])

    async def test_marks_beyond_the_newest_are_searched_and_do_not_widen_the_window(self) -> None:
        old = envelope(id="env_old", metadata="E9E9E9E9")
        lookup, asked = await self.looked_up({REF, "E9E9E9E9"}, [envelope()], more=True, ever=[old])
        assert asked == ["E9E9E9E9"]
        assert {ref: found.id for ref, found in lookup.found.items()} == {REF: "env_7f3a", "E9E9E9E9": "env_old"}
        assert (lookup.ids, lookup.complete) == (frozenset({"env_7f3a"}), False)

    async def test_a_mark_that_only_begins_alike_is_not_ours(self) -> None:
        lookup, _ = await self.looked_up({REF}, [], more=True, ever=[envelope(metadata=f"{REF}7")])
        assert lookup.found == {}

    async def test_no_search_is_for_more_marks_than_it_takes(self) -> None:
        refs = {f"E{number:07}" for number in range(REFERENCES * 2 + 1)}
        _, asked = await self.looked_up(refs, [envelope()], more=True)
        assert [len(reference.split(",")) for reference in asked] == [20, 20, 1]
        assert {ref for reference in asked for ref in reference.split(",")} == refs

    async def test_a_mark_on_two_envelopes_is_told_with_both(self) -> None:
        newest = [envelope(id="env_2"), envelope(id="env_1")]
        lookup, _ = await self.looked_up({REF}, newest, more=False)
        assert (lookup.found[REF].id, [other.id for other in lookup.also[REF]]) == ("env_2", ["env_1"])

    @pytest.mark.parametrize(
        ("newest", "ever", "cut_off"),
        [([envelope(), {"metadata": REF}], [], False), ([envelope()], ["?"], False), ([envelope()], [], True)],
    )
    async def test_what_could_not_be_read_may_be_the_one_so_nobody_is_absent(
        self, newest: list[Any], ever: list[Any], cut_off: bool
    ) -> None:
        lookup, _ = await self.looked_up({REF, "E9E9E9E9"}, newest, more=True, ever=ever, cut_off=cut_off)
        assert (set(lookup.found), lookup.ids, lookup.complete) == ({REF}, frozenset(), False)

    @pytest.mark.parametrize("answer", [{}, [], {"envelopes": {}}, None])
    async def test_an_answer_without_a_list_is_no_look_up(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.find({REF})

    # -- webhooks ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(("off", "genuine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
    def test_a_delivery_is_genuine_for_five_minutes_either_way(self, off: int, genuine: bool) -> None:
        signature, own = signed(b"{}", at=1_774_526_400), ExampleSignSettings.model_validate(self.settings)
        if genuine:
            verify_at(1_774_526_400 + off, own, signature, b"{}")
            return
        with pytest.raises(InvalidWebhook, match="too long ago"):
            verify_at(1_774_526_400 + off, own, signature, b"{}")

    def test_a_time_that_was_not_signed_is_turned_away(self) -> None:
        now = int(time.time())
        old = signed(b"{}", at=now - 3600).partition(",")[2]
        for forged in (f"t={now},{old}", f"t={now}", old, f"t=,{old}", f"t={now},{old},{old}", f"t={now}, {old}"):
            with pytest.raises(InvalidWebhook):
                ExampleSign.verify(self.account(), {"x-example-signature": forged}, b"{}")

    def test_the_api_key_signs_nothing(self) -> None:
        signature = signed(b"{}", at=int(time.time()), secret=KEY)
        with pytest.raises(InvalidWebhook):
            ExampleSign.verify(self.account(), {"x-example-signature": signature}, b"{}")

    def test_the_documented_delivery_is_read_whole(self) -> None:
        told = self.told("signer.refused")
        assert ExampleSign.parse(json.dumps(told).encode()) == Event(
            type=EventType.DECLINED,
            name="signer.refused",
            provider_id="env_7f3a",
            ref=REF,
            signer_id="sgn_01",
            signer_email="person01@example.com",
            reason="Wrong date",
            occurred_at=datetime(2026, 3, 26, 12, tzinfo=UTC),
            raw=told,
        )

    def test_a_new_event_is_unknown_and_no_error(self) -> None:
        event = ExampleSign.parse(b'{"type": "signer.blinked"}')
        assert (event.type, event.name, event.provider_id) == (EventType.UNKNOWN, "signer.blinked", None)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": 7.5}', b'{"type": "envelope.sent"}'])
    def test_what_cannot_be_understood_is_refused_with_a_sentence(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            ExampleSign.parse(body)

    def test_a_repeat_with_a_newer_state_is_the_same_delivery(self) -> None:
        told = self.told("signer.signed")
        again = {**told, "envelope": {**told["envelope"], "status": "voided"}}
        one, other = (ExampleSign.delivery_id({}, json.dumps(each).encode()) for each in (told, again))
        assert one == other == "evt_03"

    @given(
        st.fixed_dictionaries(
            {"type": st.sampled_from([*events, "?"]) | json_values},
            optional=dict.fromkeys(("id", "occurred_at", "signer", "reason"), json_values)
            | {"envelope": st.fixed_dictionaries({"id": json_values, "metadata": json_values}) | json_values},
        )
    )
    def test_no_json_of_nearly_the_right_shape_makes_parse_raise_anything_but_value_errors(self, value: Any) -> None:
        self.parse_or_refuse(json.dumps(value).encode())


class TestExampleSignCredentials(BlockStandardTestSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return ExampleSignCredentials

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        pytest.skip("No logo: it would be fetched from somebody else's server.")


def test_the_block_is_named_after_its_provider_and_keeps_its_secrets() -> None:
    block = ExampleSignCredentials.model_validate({"api_key": KEY, "webhook_secret": SECRET})
    assert ExampleSignCredentials.get_block_type_slug() == f"esign-{ExampleSign.name}"
    assert KEY not in repr(block)
    assert SECRET not in repr(block)
    assert isinstance(block.get_client(), ExampleSign)


def test_the_connector_has_every_call_event_and_word_of_the_reference() -> None:
    assert set(re.findall(r"^\| `((?:GET|POST) .+?)` \|", REFERENCE, re.MULTILINE)) == set(ExampleSign.calls)
    assert set(re.findall(r"^\| `((?:envelope|signer)\..+?)` \|", REFERENCE, re.MULTILINE)) == set(ExampleSign.events)
    for word in (*STATUSES, *SIGNER_STATUSES, *KINDS.values()):
        assert f"`{word}`" in REFERENCE


def test_the_payloads_here_are_the_examples_of_the_reference() -> None:
    made, told = (json.loads(example) for example in re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL))
    assert made == envelope()
    assert told == TestExampleSign().told("signer.signed")
