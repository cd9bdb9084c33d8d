"""Documill Leap against its own documents. The two objects printed there are in `payloads/leap`, with values of ours;
the data of a process is printed nowhere, so the shape of `process-*.json` is invented and others stand in here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.leap import FLAGS, PERSONS, STATES, WORDS, Leap, LeapSettings, form_of, snapshot_of
from connectors.signing.model import (
    Document,
    EventType,
    FieldKind,
    PlacedField,
    Signer,
    SignerStatus,
    Status,
)
from connectors.signing.provider import Provider, ProviderSettings
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server, answering

pytestmark = pytest.mark.providers

PAYLOADS = Path(__file__).parent / "payloads" / "leap"
BASE = "/api/v1/external"
LAUNCH = f"{BASE}/sign-only-api/projects/launch-new"
KEY = "external-key-for-tests"
PROCESS = "prj-0001"
PDF = b"%PDF-1.7\r\n\x00\xff--not-the-boundary\r\n%%EOF"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


class Received(NamedTuple):
    """A part of a form as it came in."""

    headers: dict[str, str]
    content: bytes


def received(request: httpx.Request) -> dict[str, Received]:
    """The parts of a multipart body (RFC 7578) by name, to the byte."""
    kind, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    pieces = request.content.split(b"--" + boundary.encode())
    assert pieces[-1] == b"--\r\n"
    parts = {}
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        name = headers["Content-Disposition"].split('name="')[1].split('"')[0]
        assert name not in parts, "a form key must not repeat"
        parts[name] = Received(headers, content.removesuffix(b"\r\n"))
    return parts


class TestLeap(ProviderContract):
    provider_class = Leap
    settings: ClassVar = {"api_key": KEY}
    base_path = BASE
    key_setting = "api_key"
    secret_setting = None
    document = Document(pdf=PDF)
    events: ClassVar = {"signTasksCompleted": EventType.COMPLETED}
    refs_in_events = True
    ref_in_address = REF
    calls_to_send = ("POST /sign-only-api/projects/launch-new",)
    speaks: ClassVar = {
        "POST /sign-only-api/projects/launch-new": lambda provider, sent: provider.send(TestLeap().request()),
        "GET /projects/info-for-sign-only-integrator/{projectId}": lambda provider, sent: provider.get(sent.id),
        "PUT /sign-only-api/projects/cancel/{projectId}": lambda provider, sent: provider.cancel(sent.id),
        "DELETE /sign-only-api/projects/{projectId}": lambda provider, sent: provider.delete(sent.id),
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != KEY:
            return httpx.Response(403, json={"message": "Forbidden"})
        match request.method, request.url.path.removeprefix(BASE).strip("/").split("/"):
            case "POST", ["sign-only-api", "projects", "launch-new"]:
                return httpx.Response(200, json=payload("process-launched"))
            case "GET", ["projects", "info-for-sign-only-integrator", process] if process == PROCESS:
                return httpx.Response(200, json=payload("process-completed" if self.completed else "process-launched"))
            case ("PUT", ["sign-only-api", "projects", "cancel", process]) | (
                "DELETE",
                ["sign-only-api", "projects", process],
            ) if process == PROCESS:
                return httpx.Response(204)
        return httpx.Response(404, json={"message": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        return {}, b""  # what they send is not published

    # -- the key -------------------------------------------------------------------------------------------------

    async def test_the_key_travels_alone(self, provider: Provider, server: Server) -> None:
        await provider.check()
        await provider.send(self.request())
        assert [request.headers["authorization"] for request in server.requests] == [KEY, KEY]

    async def test_a_word_may_be_put_before_the_key(self, server: Server) -> None:
        async with Leap(self.account(base_url=server.url + BASE, key_prefix="Bearer ")) as provider:
            with pytest.raises(AuthenticationError):
                await provider.check()
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

    async def test_wrong_credentials_are_told_by_the_check_and_an_unknown_process_proves_the_right_ones(
        self, provider: Provider, server: Server
    ) -> None:
        await provider.check()
        assert "/info-for-sign-only-integrator/00000000-" in server.requests[0].url.path
        async with Leap(self.account(api_key="wrong", base_url=server.url + BASE)) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.check()

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, None),
            (404, None),
            (401, AuthenticationError),
            (403, AuthenticationError),
            (405, PermanentError),
            (500, TransientError),
        ],
    )
    async def test_the_check_believes_only_an_answer_about_the_id(
        self, provider: Provider, status: int, error: type[ConnectorError] | None
    ) -> None:
        self.answer = httpx.Response(status, json={"message": "no"})
        if error is None:
            await provider.check()
            return
        with pytest.raises(error):
            await provider.check()

    # -- what goes out -------------------------------------------------------------------------------------------

    async def test_the_form_on_the_wire_is_the_documented_one(self, server: Server) -> None:
        two = Signer(role="b", name="Signer Two", email="person02@example.com", company="Example Company 02", order=2)
        one = Signer(role="a", name="Signer One", email="person01@example.com", company="Example Company 01")
        account = self.account(
            base_url=server.url + BASE,
            owner_name="Owner One",
            owner_email="person09@example.com",
            owner_organization="Example Company 09",
            owner_title="Manager",
            copies_to=("archive@example.com",),
        )
        async with Leap(account) as provider:
            await provider.send(
                self.request(
                    title="Ägreement / 1",
                    signers=(two, one),
                    webhook_url="https://hooks.example/leap/default/t1",
                    extra={"signers": [{"title": "Sales"}, {"title": "CEO"}]},
                )
            )
        (request,) = server.requests
        assert (request.method, request.url.path, request.headers["accept"]) == ("POST", LAUNCH, "application/json")
        form = received(request)
        assert list(form) == [
            "name",
            "projectOwner",
            "signers",
            "orderedSigners",
            "additionalRecipients",
            "signTasksCompletedCallbackUrl",
            "document",
        ]
        assert form["name"].content.decode() == "Ägreement / 1"
        assert json.loads(form["projectOwner"].content) == payload("project-owner")
        assert json.loads(form["signers"].content) == payload("signers")
        assert form["orderedSigners"].content == b"true"
        assert json.loads(form["additionalRecipients"].content) == ["archive@example.com"]
        assert form["signTasksCompletedCallbackUrl"].content == b"https://hooks.example/leap/default/t1"
        assert form["document"].content == PDF

    async def test_objects_are_json_parts_without_a_file_name_and_texts_are_plain(
        self, provider: Provider, server: Server
    ) -> None:
        await provider.send(self.request())
        form = received(server.requests[0])
        for name in ("projectOwner", "signers"):
            assert form[name].headers == {
                "Content-Disposition": f'form-data; name="{name}"',
                "Content-Type": "application/json",
            }
        for name in ("name", "orderedSigners"):
            assert form[name].headers == {"Content-Disposition": f'form-data; name="{name}"'}
        assert form["document"].headers == {
            "Content-Disposition": 'form-data; name="document"; filename="Agreement 1.pdf"',
            "Content-Type": "application/pdf",
        }

    async def test_what_is_not_given_is_left_out(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request())
        form = received(server.requests[0])
        assert form.keys() == {"name", "projectOwner", "signers", "orderedSigners", "document"}
        assert json.loads(form["signers"].content)["signers"][1] == {
            "name": "Signer Two",
            "email": "person02@example.com",
        }

    @pytest.mark.parametrize(
        ("title", "file"),
        [
            ("Agreement 1", "Agreement 1.pdf"),
            ("Agreement 1.pdf", "Agreement 1.pdf"),
            ("Sopimus Ä/Ö", "Sopimus Ä_Ö.pdf"),
            ('../"x"\r\nX: y', "x_X_ y.pdf"),
            ("...", "document.pdf"),
            ("é" * 300, "é" * 100 + ".pdf"),
        ],
    )
    def test_the_file_is_named_like_the_process_and_stays_a_name(self, title: str, file: str) -> None:
        assert self.form(title=title)["document"].filename == file

    def form(self, account: ProviderSettings | None = None, **more: Any) -> dict[str, Any]:
        own = account or self.account()
        assert isinstance(own, LeapSettings)
        return {part.name: part for part in form_of(self.request(**more), own)}

    def said(self, name: str, account: ProviderSettings | None = None, **more: Any) -> Any:
        return json.loads(self.form(account, **more)[name].content)

    @pytest.mark.parametrize(
        ("orders", "ordered", "asked"),
        [((1,), "false", [1]), ((1, 1), "false", [1, 2]), ((3, 1, 2), "true", [2, 3, 1]), ((2, 2), "false", [1, 2])],
    )
    def test_signers_in_turn_stand_in_their_order(
        self, orders: tuple[int, ...], ordered: str, asked: list[int]
    ) -> None:
        signers = tuple(
            Signer(role=f"r{n}", name=f"Signer {n}", email=f"person0{n}@example.com", order=order)
            for n, order in enumerate(orders, 1)
        )
        assert self.form(signers=signers)["orderedSigners"].content == ordered
        assert [one["name"] for one in self.said("signers", signers=signers)["signers"]] == [
            f"Signer {n}" for n in asked
        ]

    async def test_some_at_once_and_some_in_turn_is_refused_before_any_call(
        self, provider: Provider, server: Server
    ) -> None:
        signers = tuple(
            Signer(role=f"r{n}", name=f"Signer {n}", email=f"person0{n}@example.com", order=order)
            for n, order in enumerate((1, 1, 2))
        )
        with pytest.raises(Unsupported, match="Documill Leap"):
            await provider.send(self.request(signers=signers))
        assert server.requests == []

    @pytest.mark.parametrize("kind", list(FieldKind))
    async def test_what_a_signer_would_have_to_fill_in_is_refused_and_a_place_to_sign_is_not(
        self, provider: Provider, server: Server, kind: FieldKind
    ) -> None:
        placed = PlacedField(role="first", kind=kind, page=0, x=0.1, y=0.1, width=0.2, height=0.05)
        document = Document(pdf=PDF, fields=(placed,))
        if kind in (FieldKind.TEXT, FieldKind.CHECKBOX):
            with pytest.raises(Unsupported, match="Documill Leap"):
                await provider.send(self.request(document=document))
            assert server.requests == []
        else:
            await provider.send(self.request(document=document))
            assert len(server.requests) == 1

    def test_without_an_owner_the_last_signer_in_order_is_it(self) -> None:
        one = Signer(role="a", name="Signer One", email="person01@example.com", company="Example Company 01", order=2)
        two = Signer(role="b", name="Signer Two", email="person02@example.com", order=1)
        assert self.said("projectOwner", signers=(one, two)) == {
            "name": "Signer One",
            "organization": "Example Company 01",
            "email": "person01@example.com",
        }

    def test_an_owner_needs_no_more_than_an_address(self) -> None:
        account = self.account(owner_email="person09@example.com")
        assert self.said("projectOwner", account) == {"name": "person09@example.com", "email": "person09@example.com"}

    def test_the_list_of_signers_can_go_bare(self) -> None:
        bare = self.said("signers", self.account(wrap_signers=False))
        assert bare == self.said("signers")["signers"]
        assert [one["email"] for one in bare] == ["person01@example.com", "person02@example.com"]

    def test_copies_of_the_account_and_of_the_request_add_up(self) -> None:
        account = self.account(copies_to=("archive@example.com", "person08@example.com"))
        extra = {"additionalRecipients": ["person07@example.com", "archive@example.com"]}
        assert self.said("additionalRecipients", account, extra=extra) == [
            "archive@example.com",
            "person08@example.com",
            "person07@example.com",
        ]

    def test_extra_adds_to_objects_and_becomes_further_fields(self) -> None:
        extra = {"projectOwner": {"title": "Clerk"}, "note": "a", "silent": True, "days": 3, "more": [1], "name": None}
        form = self.form(extra=extra)
        assert self.said("projectOwner", extra=extra)["title"] == "Clerk"
        assert (form["note"].content, form["note"].type) == ("a", None)
        assert (form["silent"].content, form["silent"].type) == ("true", None)
        assert (form["days"].content, form["days"].type) == ("3", None)
        assert (form["more"].content, form["more"].type) == ("[1]", "application/json")
        assert "name" not in form

    @pytest.mark.parametrize("key", ["document", "orderedSigners", "signTasksCompletedCallbackUrl"])
    async def test_extra_cannot_lose_a_request(self, provider: Provider, server: Server, key: str) -> None:
        with pytest.raises(Unsupported, match=key):
            await provider.send(self.request(extra={key: "x"}))
        assert server.requests == []

    @pytest.mark.parametrize(
        "more",
        [
            {"title": "half a pair \ud800"},
            {"signers": (Signer(role="a", name="half a pair \ud800", email="person01@example.com"),)},
            {"extra": {"more": [float("nan")]}},
            {"extra": {"more": {1, 2}}},
        ],
    )
    async def test_a_value_no_request_can_carry_is_refused_before_the_call(
        self, provider: Provider, server: Server, more: dict[str, Any]
    ) -> None:
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request(**more))
        assert server.connections == 0
        assert caught.value.__context__ is None

    # -- launched ------------------------------------------------------------------------------------------------

    async def test_launched_is_sent_and_its_signers_and_links_are_known(self, provider: Provider) -> None:
        snapshot = await provider.send(self.request())
        assert (snapshot.id, snapshot.status) == (PROCESS, Status.SENT)
        assert [(one.name, one.status) for one in snapshot.signers] == [
            ("Signer One", SignerStatus.INVITED),
            ("Signer Two", SignerStatus.WAITING),
        ]
        assert snapshot.raw == payload("process-launched")
        assert "leap.example" not in repr(snapshot)

    @pytest.mark.parametrize(
        ("answer", "provider_id"),
        [
            ({"projectId": "p1", "id": "p2", "project": {"id": "p3"}}, "p1"),
            ({"id": "p2", "project": {"id": "p3"}}, "p2"),
            ({"id": 17}, "17"),
            ({"project": {"id": "p3"}}, "p3"),
        ],
    )
    async def test_the_id_is_found_where_it_may_stand(
        self, provider: Provider, answer: dict[str, Any], provider_id: str
    ) -> None:
        self.answer = httpx.Response(200, json=answer)
        snapshot = await provider.send(self.request())
        assert (snapshot.id, snapshot.status, snapshot.signers) == (provider_id, Status.SENT, ())

    @pytest.mark.parametrize(
        "answer", [{"name": "Agreement 1"}, [], None, 7, {"id": ""}, {"id": None, "project": "p3"}, {"id": True}]
    )
    async def test_an_answer_without_an_id_is_no_proof_that_it_was_sent(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())

    async def test_an_unfit_document_is_a_refusal_with_its_message(self, provider: Provider) -> None:
        self.answer = httpx.Response(400, json=payload("bad-request"))
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert caught.value.detail == "The document file format is not supported"

    async def test_a_500_on_a_launch_may_be_a_value_it_cannot_read_and_is_unclear_all_the_same(
        self, provider: Provider
    ) -> None:
        self.answer = httpx.Response(500, json={"message": "oops"})
        with pytest.raises(OutcomeUnknown, match="value it cannot read"):
            await provider.send(self.request())

    # -- ended ---------------------------------------------------------------------------------------------------

    async def test_cancel_and_delete_go_where_the_pages_say_without_a_body(self, server: Server) -> None:
        async with Leap(self.account(base_url=server.url + BASE)) as provider:
            await provider.cancel(PROCESS)
            await provider.delete(PROCESS)
        made = [(one.method, one.url.path, one.headers["accept"], one.content) for one in server.requests]
        assert made == [
            ("PUT", f"{BASE}/sign-only-api/projects/cancel/{PROCESS}", "*/*", b""),
            ("DELETE", f"{BASE}/sign-only-api/projects/{PROCESS}", "*/*", b""),
        ]

    async def test_what_is_gone_is_deleted_and_cannot_be_canceled_or_asked_for(self, server: Server) -> None:
        async with Leap(self.account(base_url=server.url + BASE)) as provider:
            await provider.delete("gone")
            for call in (provider.cancel, provider.get, provider.sign_links):
                with pytest.raises(PermanentError, match="no process of this id") as caught:
                    await call("gone")
                assert caught.value.status == 404

    @pytest.mark.parametrize(("status", "error"), [(400, PermanentError), (403, PermanentError)])
    async def test_a_process_that_cannot_be_ended_says_nothing_about_the_account(
        self, server: Server, status: int, error: type[ConnectorError]
    ) -> None:
        self.answer = httpx.Response(status, json={"message": "no"})
        async with Leap(self.account(base_url=server.url + BASE)) as provider:
            for call in (provider.cancel, provider.delete):
                with pytest.raises(ConnectorError) as caught:
                    await call(PROCESS)
                assert type(caught.value) is error

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_ending_a_process_may_be_tried_again(self, server: Server, status: int) -> None:
        self.answer = httpx.Response(status)
        async with Leap(self.account(base_url=server.url + BASE)) as provider:
            for call in (provider.cancel, provider.delete):
                with pytest.raises(TransientError):
                    await call(PROCESS)
        assert len(server.requests) == 2

    async def test_a_wordless_answer_may_have_words(self) -> None:
        async with answering(lambda request: httpx.Response(200, text="OK")) as server:
            async with Leap(self.account(base_url=server.url + BASE)) as provider:
                await provider.cancel(PROCESS)
                await provider.delete(PROCESS)
            assert len(server.requests) == 2

    async def test_an_id_from_outside_cannot_lead_to_another_call(self, server: Server) -> None:
        async with Leap(self.account(base_url=server.url + BASE)) as provider:
            for bad in ("", "..", " . "):
                for call in (provider.cancel, provider.delete, provider.get):
                    with pytest.raises(PermanentError):
                        await call(bad)
            await provider.delete("cancel/../x?y#")
        assert [one.url.raw_path.decode() for one in server.requests] == [
            f"{BASE}/sign-only-api/projects/cancel%2F..%2Fx%3Fy%23"
        ]

    # -- what it says --------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("name", "status", "signers"),
        [
            ("launched", Status.SENT, [SignerStatus.INVITED, SignerStatus.WAITING]),
            ("signed-by-one", Status.IN_PROGRESS, [SignerStatus.SIGNED, SignerStatus.INVITED]),
            ("completed", Status.COMPLETED, [SignerStatus.SIGNED, SignerStatus.SIGNED]),
            ("changes-requested", Status.DECLINED, [SignerStatus.DECLINED, SignerStatus.WAITING]),
            ("canceled", Status.CANCELED, [None, None]),
        ],
    )
    async def test_a_process_is_read_by_its_tasks(
        self, provider: Provider, name: str, status: Status, signers: list[SignerStatus | None]
    ) -> None:
        self.answer = httpx.Response(200, json=payload(f"process-{name}"))
        snapshot = await provider.get(PROCESS)
        assert (snapshot.id, snapshot.status) == (PROCESS, status)
        # Neither the owner nor who gets a copy is a signer, whatever states stand beside them.
        assert [one.email for one in snapshot.signers] == ["person01@example.com", "person02@example.com"]
        assert [one.status for one in snapshot.signers] == signers

    async def test_links_are_those_of_the_sign_tasks(self, provider: Provider) -> None:
        links = await provider.sign_links(PROCESS)
        assert [(one.email, one.sign_url) for one in links] == [
            ("person01@example.com", "https://leap.example/sign/tsk-0001?key=k1"),
            ("person02@example.com", "https://leap.example/sign/tsk-0002?key=k2"),
        ]
        self.answer = httpx.Response(200, json={"id": PROCESS, "signers": [{"email": "person01@example.com"}]})
        assert await provider.sign_links(PROCESS) == ()

    async def test_the_id_asked_for_is_the_id_answered(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json={"id": 99, "status": "ONGOING"})
        snapshot = await provider.get(PROCESS)
        assert (snapshot.id, snapshot.status, snapshot.signers) == (PROCESS, Status.SENT, ())

    @pytest.mark.parametrize("answer", [{}, [], None, 7, "gone"])
    async def test_an_answer_without_a_process_is_none(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.get(PROCESS)

    # -- webhooks ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("body", "provider_id"),
        [
            (b"", None),
            (b"signed!", None),
            (b"projectId=prj-0001", None),
            (b"[]", None),
            (b"\xff\xfe", None),
            (b'{"projectId": "prj-0001"}', PROCESS),
            (b'{"project": {"id": "prj-0001"}}', PROCESS),
            ((PAYLOADS / "process-completed.json").read_bytes(), PROCESS),
        ],
    )
    def test_a_callback_is_completion_whatever_it_holds(self, body: bytes, provider_id: str | None) -> None:
        event = Leap.parse(body, ref=REF)
        assert (event.type, event.name, event.ref, event.provider_id) == (
            EventType.COMPLETED,
            "signTasksCompleted",
            REF,
            provider_id,
        )

    @pytest.mark.parametrize("ref", [None, ""])
    def test_a_callback_to_no_requests_address_is_refused_with_a_sentence(self, ref: str | None) -> None:
        with pytest.raises(ValueError, match=r"belongs to no request\.$"):
            Leap.parse(b'{"projectId": "prj-0001"}', ref=ref)

    def test_a_repeated_call_is_the_same_and_another_body_takes_nobody_s_place(self) -> None:
        assert Leap.delivery_id({}, b"", ref=REF) == Leap.delivery_id({}, b"", ref=REF)
        assert Leap.delivery_id({}, b"", ref=REF) != Leap.delivery_id({}, b'{"id": "x"}', ref=REF)
        assert Leap.delivery_id({}, b"", ref="E1") != Leap.delivery_id({}, b"", ref="E2")
        assert Leap.delivery_id({}, b"a") != Leap.delivery_id({}, b"b")

    @given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
    def test_with_an_address_no_body_is_an_error(self, body: bytes) -> None:
        assert Leap.parse(body, ref=REF).type is EventType.COMPLETED


# -- data in other shapes ----------------------------------------------------------------------------------------


def stands(data: Any) -> tuple[Status, list[tuple[str | None, SignerStatus | None]]]:
    snapshot = snapshot_of("p1", data)
    return snapshot.status, [((one.email or "")[:8], one.status) for one in snapshot.signers]


ONE = {"name": "Signer One", "email": "person01@example.com"}
TWO = {"name": "Signer Two", "email": "person02@example.com"}
SIGNED, INVITED, WAITING, DECLINED = (
    SignerStatus.SIGNED,
    SignerStatus.INVITED,
    SignerStatus.WAITING,
    SignerStatus.DECLINED,
)


def test_flags_beside_each_signer_are_understood() -> None:
    data = {"signers": [{**ONE, "completed": True}, {**TWO, "completed": False}]}
    assert stands(data) == (Status.IN_PROGRESS, [("person01", SIGNED), ("person02", None)])
    data["signers"][1]["completed"] = "true"
    assert stands(data)[0] is Status.COMPLETED


def test_a_wrapped_list_and_a_wrapped_project_are_understood() -> None:
    inner = {"state": "In progress", "signers": {"signers": [{**ONE, "signed": True}, {**TWO, "status": "notStarted"}]}}
    assert stands({"project": inner}) == (Status.IN_PROGRESS, [("person01", SIGNED), ("person02", WAITING)])


def test_a_signer_whose_turn_is_to_come_keeps_the_process_open() -> None:
    """In an ordered process only the first may have a task yet."""
    data = {"signers": [ONE, TWO], "tasks": [{"assignee": ONE, "status": "DONE"}]}
    assert stands(data) == (Status.IN_PROGRESS, [("person01", SIGNED), ("person02", None)])


def test_a_signer_with_two_tasks_has_signed_when_both_are_done() -> None:
    data = {"tasks": [{"assignee": ONE, "status": "DONE"}, {"assignee": ONE, "status": "OPEN"}]}
    assert stands(data) == (Status.SENT, [("person01", INVITED)])
    data["tasks"][1]["status"] = "something new"
    assert stands(data) == (Status.UNKNOWN, [("person01", None)])
    data["tasks"][1]["status"] = "Finished"
    assert stands(data) == (Status.COMPLETED, [("person01", SIGNED)])


def test_one_address_in_two_spellings_is_one_signer() -> None:
    data = {"signers": [{**ONE, "email": "Person01@Example.com"}], "tasks": [{"assignee": ONE, "status": "DONE"}]}
    assert stands(data) == (Status.COMPLETED, [("Person01", SIGNED)])


def test_tasks_below_a_signer_are_the_signers() -> None:
    task = {"type": "SIGN", "status": "ONGOING", "signTaskUrl": "https://leap.example/sign/1"}
    data = {"signers": [{**ONE, "type": "GUEST", "tasks": [task]}, {**TWO, "signTask": {**task, "status": "DONE"}}]}
    assert stands(data) == (Status.IN_PROGRESS, [("person01", INVITED), ("person02", SIGNED)])
    assert {one.sign_url for one in snapshot_of("p1", data).signers} == {"https://leap.example/sign/1"}


@pytest.mark.parametrize("kind", ["SIGNATURE_TAGS", "Review", "approval"])
def test_a_task_that_is_no_signature_is_none(kind: str) -> None:
    data = {"tasks": [{"type": kind, "assignee": ONE, "status": "DONE"}, {"assignee": TWO, "status": "OPEN"}]}
    assert stands(data) == (Status.SENT, [("person02", INVITED)])


@pytest.mark.parametrize(
    "key", ["projectOwner", "createdBy", "additionalRecipients", "collaborators", "notificationLogs", "organization"]
)
def test_people_who_do_not_sign_complete_nothing_and_hold_nothing_up(key: str) -> None:
    aside = {"email": "person09@example.com", "status": "ACTIVE"}
    done = {"signers": [{**ONE, "status": "SIGNED"}], key: aside}
    assert stands(done) == (Status.COMPLETED, [("person01", SIGNED)])
    assert stands({**done, key: [{**aside, "status": "DONE"}], "signers": [{**ONE, "status": "OPEN"}]}) == (
        Status.SENT,
        [("person01", INVITED)],
    )


def test_the_word_of_the_whole_counts_unless_a_signature_is_missing() -> None:
    assert stands({"status": "Completed"}) == (Status.COMPLETED, [])
    assert stands({"status": "COMPLETED", "tasks": [{"assignee": ONE, "status": "new"}]})[0] is Status.COMPLETED
    assert stands({"status": "COMPLETED", "tasks": [{"assignee": ONE, "status": "OPEN"}]})[0] is Status.UNKNOWN
    assert stands({"status": "COMPLETED", "signers": [{**ONE, "signed": False}]})[0] is Status.UNKNOWN


def test_all_signatures_complete_a_process_that_still_runs() -> None:
    """Copies may still be on their way when the callback comes."""
    assert stands({"status": "ONGOING", "signers": [{**ONE, "status": "SIGNED"}]})[0] is Status.COMPLETED


@pytest.mark.parametrize("word", ["CHANGES_REQUESTED", "Request changes", "declined", "REJECTED"])
def test_changes_asked_for_are_a_decline_even_when_that_task_is_done(word: str) -> None:
    data = {"tasks": [{"assignee": ONE, "status": "DONE", "outcome": word, "completed": True}]}
    assert stands(data) == (Status.DECLINED, [("person01", DECLINED)])


def test_a_canceled_process_is_canceled_whatever_flag_stands_beside_it() -> None:
    assert stands({"status": "CANCELLED", "completed": True})[0] is Status.CANCELED
    assert stands({"status": "CANCELED", "completed": False})[0] is Status.CANCELED


def test_a_flag_that_says_no_is_believed_before_a_word_that_says_done() -> None:
    assert stands({"signers": [{**ONE, "status": "DONE", "signed": False}]}) == (Status.SENT, [("person01", None)])


def test_counts_and_dates_are_no_flags() -> None:
    assert stands({"signers": [{**ONE, "signed": 3, "done": "2026-01-01"}]}) == (Status.UNKNOWN, [("person01", None)])


def test_links_to_other_things_are_no_signing_pages() -> None:
    signer = {**ONE, "status": "OPEN", "statusUrl": "https://a.example/", "avatarUrl": "https://b.example/"}
    assert snapshot_of("p1", {"signers": [signer]}).signers[0].sign_url is None
    signer |= {"link": "https://c.example/", "url": "/relative", "signUrl": "https://d.example/"}
    assert snapshot_of("p1", {"signers": [signer]}).signers[0].sign_url == "https://d.example/"


def test_data_deeper_than_any_workflow_is_not_followed_forever() -> None:
    data: Any = {"signers": [{**ONE, "status": "SIGNED"}]}
    for _ in range(5000):
        data = [data]
    assert stands(data) == (Status.UNKNOWN, [])


people = st.fixed_dictionaries(
    {"email": st.sampled_from([ONE["email"], TWO["email"], "?"]) | json_values},
    optional={name: st.sampled_from([*WORDS, "?"]) | json_values for name in STATES}
    | dict.fromkeys((*FLAGS, "id", "name", "url", "type"), json_values),
)
trees = st.recursive(
    people | json_values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*PERSONS, *STATES, "signers", "tasks", "project", "id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(trees)
def test_no_json_of_nearly_the_right_shape_makes_the_reader_raise(data: Any) -> None:
    snapshot = snapshot_of("p1", data)
    if snapshot.status is Status.COMPLETED:
        assert SignerStatus.DECLINED not in {one.status for one in snapshot.signers}


# -- settings ----------------------------------------------------------------------------------------------------


def test_the_key_is_never_shown_and_nothing_else_is_needed() -> None:
    settings = LeapSettings.model_validate({"api_key": KEY})
    assert KEY not in f"{settings!r}{settings!s}{settings.model_dump_json()}"
    assert settings.base_url == "https://api.leap.documill.com/api/v1/external"
    assert settings.mode == "test"
    assert [name for name, field in LeapSettings.model_fields.items() if field.is_required()] == ["api_key"]
    with pytest.raises(ValidationError):
        LeapSettings.model_validate({"api_key": ""})


def test_settings_can_be_given_as_an_environment_has_them() -> None:
    given = {"api_key": KEY, "copies_to": "archive@example.com, person08@example.com,", "wrap_signers": "false"}
    settings = LeapSettings.model_validate(given)
    assert settings.copies_to == ("archive@example.com", "person08@example.com")
    assert settings.wrap_signers is False
    assert settings.api_key == SecretStr(KEY)
