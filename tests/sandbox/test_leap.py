"""The Documill Leap dialect: what it accepts, what it answers, and the one callback it makes."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pypdf import PdfReader
from starlette.requests import Request
from starlette.responses import Response

from sandbox.paper import DOCX, PDF
from tests.sandbox.files import docx, locked, other_zip, pdf
from tests.sandbox.running import TOKEN, Customer, Person, Receiver, receiving, running, until

pytestmark = pytest.mark.providers

BASE = "/leap/api/v1/external"
LAUNCH = "/sign-only-api/projects/launch-new"
UNKNOWN = "00000000-0000-4000-8000-000000000000"

OWNER = {
    "name": "Owner One",
    "organization": "Example Company 01",
    "email": "owner01@example.com",
    "title": "Manager",
}
ONE = {"name": "Signer One", "organization": "Example Company 02", "email": "person01@example.com", "title": "CEO"}
TWO = {"name": "Signer Two", "organization": "Example Company 01", "email": "person02@example.com", "title": "Sales"}

Parts = dict[str, Any]


def parts(**more: Any) -> Parts:
    """The form of a new process as the page prints it, with the type of each JSON part; None leaves a part out."""
    given: Parts = {
        "name": (None, "Terms of the house"),
        "projectOwner": as_json(OWNER),
        "signers": as_json({"signers": [ONE, TWO]}),
        "document": ("terms.pdf", pdf(), PDF),
        "orderedSigners": (None, "false"),
    }
    return {name: part for name, part in (given | more).items() if part is not None}


def as_json(value: object) -> tuple[None, str, str]:
    """A part that holds JSON."""
    return None, json.dumps(value), "application/json"


def text(value: str) -> tuple[None, str]:
    """A part that holds text."""
    return None, value


UNSUPPORTED: list[tuple[Any, ...]] = [
    (("terms.txt", b"Be kind.", "text/plain"), "text/plain is not supported"),
    (("terms.pdf", b"Be kind.", PDF), "neither a PDF nor a DOCX"),
    (("terms.docx", other_zip(), DOCX), "neither a PDF nor a DOCX"),
    (("terms.pdf", docx(), PDF), "not what its type says"),
    (("terms.pdf", locked(), PDF), "protected by a password"),
    (("terms.pdf", b"", PDF), "is empty"),
    ((None, "Be kind."), "a DOCX or PDF file is required"),
    (None, "a DOCX or PDF file is required"),
]
"""Documents that are not taken, and what the message says."""

BAD_SYNTAX: list[tuple[Any, ...]] = [
    ("signers", text('{"signers": [')),
    ("signers", text("Signer One")),
    ("signers", as_json([ONE, TWO])),
    ("signers", as_json({"signers": ONE})),
    ("signers", as_json({"signers": ["person01@example.com"]})),
    ("signers", as_json({"signers": [ONE | {"title": None}]})),
    ("projectOwner", text("{'name': 'Owner One'}")),
    ("projectOwner", text("owner01@example.com")),
    ("projectOwner", as_json([OWNER])),
    ("projectOwner", as_json(OWNER | {"name": 1})),
    ("orderedSigners", text("yes")),
    ("orderedSigners", text("True")),
    ("orderedSigners", text("")),
    ("additionalRecipients", text("archive@example.com")),
    ("additionalRecipients", as_json("archive@example.com")),
    ("additionalRecipients", as_json({"email": "archive@example.com"})),
]
"""Parts that cannot be read."""

IMPOSSIBLE: list[tuple[Any, ...]] = [
    ("name", None, "name: Field required"),
    ("projectOwner", None, "projectOwner: Field required"),
    ("signers", None, "signers: Field required"),
    ("orderedSigners", None, "orderedSigners: Field required"),
    ("name", text(" "), "name: "),
    ("comment", text("Please hurry"), "comment: "),
    ("project_owner", as_json(OWNER), "project_owner: "),
    ("projectOwner", as_json({"name": "Owner One"}), "projectOwner.email: Field required"),
    ("projectOwner", as_json(OWNER | {"phone": "1"}), "projectOwner.phone: "),
    ("signers", as_json({"signers": []}), "signers.signers: "),
    ("signers", as_json({}), "signers.signers: Field required"),
    ("signers", as_json({"signers": [ONE], "order": 1}), "signers.order: "),
    ("signers", as_json({"signers": [ONE | {"email": "person01"}]}), "signers.signers.0.email: "),
    ("signers", as_json({"signers": [ONE | {"order": 1}]}), "signers.signers.0.order: "),
    ("signers", ("signers.json", json.dumps({"signers": [ONE]}), "application/json"), "signers: must be a part"),
    ("additionalRecipients", as_json(["archive"]), "additionalRecipients.0: "),
    ("signTasksCompletedCallbackUrl", text("http://hooks.example.com/9001"), "must use https"),
    ("signTasksCompletedCallbackUrl", text("ftp://127.0.0.1/9001"), "must use https"),
    ("signTasksCompletedCallbackUrl", text("hooks.example.com/9001"), "must be a full web address"),
    ("signTasksCompletedCallbackUrl", text(""), "must be a full web address"),
]
"""Parts that can be read and are refused (None: left out), and what the message says."""


@dataclass
class Sender:
    """Somebody who calls Leap's Sign API."""

    client: httpx.AsyncClient
    customer: Customer

    @property
    def url(self) -> str:
        return self.customer.url

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, f"{self.url}{BASE}{path}", **more)

    async def try_to_launch(self, **more: Any) -> httpx.Response:
        return await self.call("POST", LAUNCH, files=parts(**more))

    async def launch(self, **more: Any) -> dict[str, Any]:
        answer = await self.try_to_launch(**more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def info(self, project_id: str) -> dict[str, Any]:
        answer = await self.call("GET", f"/projects/info-for-sign-only-integrator/{project_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def cancel(self, project_id: str) -> httpx.Response:
        return await self.call("PUT", f"/sign-only-api/projects/cancel/{project_id}")

    async def delete(self, project_id: str) -> httpx.Response:
        return await self.call("DELETE", f"/sign-only-api/projects/{project_id}")


@asynccontextmanager
async def sender_of(customer: Customer, key: str = TOKEN) -> AsyncIterator[Sender]:
    headers = {"Authorization": key, "Accept": "application/json"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=20) as client:
        yield Sender(client, customer)


@pytest_asyncio.fixture
async def sender(customer: Customer) -> AsyncIterator[Sender]:
    async with sender_of(customer) as one:
        yield one


@dataclass
class Ears(Receiver):
    """Where callbacks arrive; keeps everything about them."""

    heard: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.heard.append((request.url.query, await request.body(), dict(request.headers)))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)


@pytest_asyncio.fixture
async def ears() -> AsyncIterator[Ears]:
    ears = Ears()
    async with receiving(ears):
        yield ears


def tasks(process: dict[str, Any]) -> list[dict[str, Any]]:
    """The sign tasks, in the order of the signers."""
    (flow,) = process["flows"]
    (phase,) = flow["phases"]
    return [task for step in phase["steps"] for task in step["tasks"]]


def statuses(process: dict[str, Any]) -> list[str]:
    """The process's word, then that of each sign task."""
    return [process["status"], *(task["status"] for task in tasks(process))]


async def addressees(person: Person) -> list[str]:
    """Whom the mails so far went to, oldest first."""
    return [mail.to for mail in await person.mails()]


async def all_sign(person: Person, process: dict[str, Any]) -> None:
    for task in tasks(process):
        assert (await person.sign(task["url"])).status_code == 303


async def test_signers_who_may_sign_at_once_share_a_step(sender: Sender, person: Person) -> None:
    process = await sender.launch()
    shown = tasks(process)
    assert process == {
        "projectId": str(uuid.UUID(process["projectId"])),
        "name": "Terms of the house",
        "status": "ONGOING",
        "projectOwner": OWNER,
        "flows": [
            {
                "name": "Terms of the house",
                "phases": [
                    {
                        "type": "SIGN",
                        "steps": [
                            {
                                "tasks": [
                                    {"type": "SIGN", "assignee": ONE, "status": "ONGOING", "url": shown[0]["url"]},
                                    {"type": "SIGN", "assignee": TWO, "status": "ONGOING", "url": shown[1]["url"]},
                                ]
                            }
                        ],
                    }
                ],
            }
        ],
    }
    assert await sender.info(process["projectId"]) == process
    assert await addressees(person) == [ONE["email"], TWO["email"]]
    assert (await person.sign(shown[1]["url"])).status_code == 303
    assert statuses(await sender.info(process["projectId"])) == ["ONGOING", "ONGOING", "DONE"]


async def test_signers_who_take_turns_have_a_step_each_and_the_second_hears_of_it_later(
    sender: Sender, person: Person
) -> None:
    process = await sender.launch(orderedSigners=text("true"))
    assert [len(step["tasks"]) for step in process["flows"][0]["phases"][0]["steps"]] == [1, 1]
    assert statuses(process) == ["ONGOING", "ONGOING", "PENDING"]
    first, second = tasks(process)
    assert await addressees(person) == [ONE["email"]]
    assert not await person.may_sign(second["url"])
    await person.sign(first["url"])
    assert await addressees(person) == [ONE["email"], TWO["email"]]
    assert statuses(await sender.info(process["projectId"])) == ["ONGOING", "DONE", "ONGOING"]
    assert await person.may_sign(second["url"])


async def test_the_whole_life_of_a_process_ends_with_one_callback_and_the_document_by_mail(
    sender: Sender, person: Person, ears: Ears
) -> None:
    process = await sender.launch(
        orderedSigners=text("true"),
        document=("terms.pdf", pdf("Rules of the house", "Signatures"), PDF),
        additionalRecipients=as_json(["archive@example.com", "person03@example.com"]),
        signTasksCompletedCallbackUrl=text(f"{ears.url}?document=9001"),
    )
    first, second = tasks(process)
    await person.sign(first["url"])
    assert ears.heard == []
    await person.sign(second["url"])
    await until(lambda: len(ears.heard) > 0)
    assert statuses(await sender.info(process["projectId"])) == ["COMPLETED", "DONE", "DONE"]

    async def everybody_has_it() -> bool:
        return len(await person.mails()) == 6

    await until(everybody_has_it)
    letters = (await person.mails())[2:]
    recipients = [ONE["email"], TWO["email"], "archive@example.com", "person03@example.com"]
    assert [letter.to for letter in letters] == recipients
    for letter in letters:
        address = next(link.href for link in letter.links if "/files/" in link.href)
        pages = PdfReader(BytesIO((await person.browser.get(address)).content)).pages
        assert "Rules of the house" in pages[0].extract_text()
        assert "Signer Two" in pages[-1].extract_text()

    await asyncio.sleep(0.3)
    ((query, body, headers),) = ears.heard
    assert (query, body, headers["content-type"]) == ("document=9001", b"", "application/json")
    assert not any("signature" in name or name == "authorization" for name in headers)


async def test_parts_without_a_type_do_as_well_as_those_with_one(sender: Sender) -> None:
    process = await sender.launch(
        projectOwner=text(json.dumps(OWNER)),
        signers=text(json.dumps({"signers": [ONE]})),
        additionalRecipients=text("[]"),
        signTasksCompletedCallbackUrl=text("https://hooks.example.com/leap/9001"),
    )
    assert process["projectOwner"] == OWNER
    assert [task["assignee"] for task in tasks(process)] == [ONE]


async def test_organization_and_title_may_be_missing(sender: Sender) -> None:
    bare = {"name": "Signer One", "email": "person01@example.com"}
    process = await sender.launch(projectOwner=as_json(bare), signers=as_json({"signers": [bare]}))
    assert tasks(process)[0]["assignee"] == process["projectOwner"] == bare | {"organization": "", "title": ""}


async def test_docx_and_pdf_are_taken_whether_or_not_the_part_says_what_it_is(sender: Sender, person: Person) -> None:
    for document in (
        ("terms.pdf", pdf(), PDF),
        ("terms.docx", docx(), DOCX),
        ("terms.pdf", pdf(), "application/octet-stream"),
        ("terms.docx", docx(), "application/octet-stream"),
    ):
        process = await sender.launch(document=document, signers=as_json({"signers": [ONE]}))
        await all_sign(person, process)
        assert (await sender.info(process["projectId"]))["status"] == "COMPLETED", document


async def test_other_file_formats_are_a_400_with_a_message(sender: Sender, person: Person) -> None:
    for document, message in UNSUPPORTED:
        answer = await sender.try_to_launch(document=document)
        assert answer.status_code == 400, document
        assert answer.headers["content-type"] == "application/json"
        assert list(answer.json()) == ["message"]
        assert message in answer.json()["message"]
    assert await person.mails() == []


async def test_invalid_syntax_in_a_parameter_is_a_500(sender: Sender) -> None:
    for name, part in BAD_SYNTAX:
        answer = await sender.try_to_launch(**{name: part})
        assert answer.status_code == 500, part
        assert answer.json()["message"].startswith(name), part
    assert await sender.customer.admin("/contracts") == []


async def test_what_can_be_read_but_not_be_done_is_a_400_with_a_message(sender: Sender) -> None:
    for name, part, message in IMPOSSIBLE:
        answer = await sender.try_to_launch(**{name: part})
        assert answer.status_code == 400, part
        assert list(answer.json()) == ["message"]
        assert message in answer.json()["message"], part
    assert await sender.customer.admin("/contracts") == []


async def test_a_list_in_repeated_parts_is_refused(sender: Sender) -> None:
    repeated = [("additionalRecipients", text(f"person0{number}@example.com")) for number in (3, 4)]
    answer = await sender.call("POST", LAUNCH, files=[*parts().items(), *repeated])
    assert (answer.status_code, answer.json()) == (400, {"message": "additionalRecipients: is given more than once."})


async def test_a_body_that_is_no_form_is_refused(sender: Sender) -> None:
    assert (await sender.call("POST", LAUNCH, json={"name": "Terms"})).status_code == 415
    assert (await sender.call("POST", LAUNCH, data={"name": "Terms"})).status_code == 415
    headers = {"Content-Type": "multipart/form-data"}
    answer = await sender.call("POST", LAUNCH, content=b"name=Terms", headers=headers)
    assert (answer.status_code, list(answer.json())) == (400, ["message"])


async def test_only_the_bare_key_opens_and_anything_else_is_a_403(customer: Customer, sender: Sender) -> None:
    process = await sender.launch()
    for key in ("", "another-key", f"Bearer {TOKEN}", f"Basic {TOKEN}"):
        async with sender_of(customer, key) as stranger:
            answers = [
                await stranger.try_to_launch(),
                await stranger.call("GET", f"/projects/info-for-sign-only-integrator/{process['projectId']}"),
                await stranger.cancel(process["projectId"]),
                await stranger.delete(process["projectId"]),
            ]
        assert [answer.status_code for answer in answers] == [403] * 4, key
        assert all(list(answer.json()) == ["message"] for answer in answers)
    assert await sender.info(process["projectId"]) == process
    assert len(await customer.admin("/contracts")) == 1


async def test_opening_a_sign_task_leaves_no_trace(sender: Sender, person: Person) -> None:
    process = await sender.launch()
    await person.open(tasks(process)[0]["url"])
    (shown,) = await sender.customer.admin("/contracts")
    assert [one["state"] for one in shown["signers"]] == ["viewed", "invited"]
    assert await sender.info(process["projectId"]) == process


async def test_a_change_request_shows_at_the_task_and_the_owner_decides(
    sender: Sender, person: Person, ears: Ears
) -> None:
    process = await sender.launch(signTasksCompletedCallbackUrl=text(ears.url))
    project_id = process["projectId"]
    assert (await person.decline(tasks(process)[0]["url"], "I am not the right person")).status_code == 303
    assert statuses(await sender.info(project_id)) == ["ONGOING", "CHANGES_REQUESTED", "ONGOING"]
    assert (await sender.cancel(project_id)).status_code == 204
    assert statuses(await sender.info(project_id)) == ["CANCELED", "CHANGES_REQUESTED", "ONGOING"]
    assert (await sender.cancel(project_id)).status_code == 400
    assert (await sender.delete(project_id)).status_code == 204
    assert await sender.customer.admin("/webhooks") == []
    assert ears.heard == []


async def test_cancelling_stops_a_process_for_good_and_nothing_is_told(
    sender: Sender, person: Person, ears: Ears
) -> None:
    process = await sender.launch(signTasksCompletedCallbackUrl=text(ears.url))
    first, second = tasks(process)
    await person.sign(first["url"])
    answer = await sender.cancel(process["projectId"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert not await person.may_sign(second["url"])
    assert statuses(await sender.info(process["projectId"]))[:2] == ["CANCELED", "DONE"]
    again = await sender.cancel(process["projectId"])
    assert (again.status_code, list(again.json())) == (400, ["message"])
    assert await sender.customer.admin("/webhooks") == []


async def test_a_completed_process_cannot_be_cancelled(sender: Sender, person: Person) -> None:
    process = await sender.launch()
    await all_sign(person, process)
    answer = await sender.cancel(process["projectId"])
    assert (answer.status_code, list(answer.json())) == (400, ["message"])
    assert (await sender.info(process["projectId"]))["status"] == "COMPLETED"


async def test_what_is_not_there_is_a_404_and_what_is_no_id_cannot_be_cancelled(sender: Sender) -> None:
    elsewhere = (await sender.customer.create("person01@example.com"))["id"]
    for project_id in (UNKNOWN, elsewhere):
        info = await sender.call("GET", f"/projects/info-for-sign-only-integrator/{project_id}")
        for answer in (info, await sender.cancel(project_id), await sender.delete(project_id)):
            assert (answer.status_code, list(answer.json())) == (404, ["message"])
    assert (await sender.cancel("prj-1")).status_code == 400
    assert (await sender.delete("prj-1")).status_code == 404
    assert (await sender.customer.contract(elsewhere))["status"] == "sent"


async def test_deleting_takes_the_signed_document_with_it(sender: Sender, person: Person) -> None:
    process = await sender.launch(signers=as_json({"signers": [ONE]}))
    await all_sign(person, process)

    async def mailed() -> bool:
        return len(await person.mails()) == 2

    await until(mailed)
    address = next(link.href for link in (await person.mails())[-1].links if "/files/" in link.href)
    assert (await person.browser.get(address)).content.startswith(b"%PDF-")
    answer = await sender.delete(process["projectId"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await person.browser.get(address)).status_code == 404
    for again in (await sender.delete(process["projectId"]), await sender.cancel(process["projectId"])):
        assert again.status_code == 404


async def test_deleting_an_ongoing_process_closes_its_sign_tasks(sender: Sender, person: Person) -> None:
    process = await sender.launch()
    assert (await sender.delete(process["projectId"])).status_code == 204
    info = await sender.call("GET", f"/projects/info-for-sign-only-integrator/{process['projectId']}")
    assert info.status_code == 404
    assert (await person.browser.get(tasks(process)[0]["url"])).status_code == 404


async def test_a_callback_that_fails_is_never_repeated(tmp_path: Path, ears: Ears) -> None:
    ears.answers = [500]
    async with running(tmp_path, clock_factor=360_000) as customer, sender_of(customer) as sender:
        person = Person(customer.url)
        async with person.browser:
            process = await sender.launch(signTasksCompletedCallbackUrl=text(ears.url))
            await all_sign(person, process)

        async def lost() -> bool:
            return [one["state"] for one in await customer.admin("/webhooks")] == ["lost"]

        await until(lost)
        await asyncio.sleep(0.5)  # two days of the provider's time
        (call,) = await customer.admin("/webhooks")
        assert (call["event"], call["tries"], call["answer"]) == ("signTasksCompleted", 1, "500")
        assert len(ears.heard) == 1
        assert (await sender.info(process["projectId"]))["status"] == "COMPLETED"


async def test_without_an_address_of_its_own_a_process_calls_nobody(tmp_path: Path, ears: Ears) -> None:
    async with running(tmp_path, webhook_url=ears.url) as customer, sender_of(customer) as sender:
        person = Person(customer.url)
        async with person.browser:
            await all_sign(person, await sender.launch())
        assert await customer.admin("/webhooks") == []


async def test_errors_that_are_asked_for_have_the_providers_shape(sender: Sender) -> None:
    await sender.customer.fault(f"POST {BASE}{LAUNCH}", "status:503:2")
    answer = await sender.try_to_launch()
    assert (answer.status_code, answer.headers["retry-after"], list(answer.json())) == (503, "2", ["message"])
    assert await sender.customer.admin("/contracts") == []
    await sender.launch()
