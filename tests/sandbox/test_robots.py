"""Robots play the signers through the pages people use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sandbox.running import Receiver, running, until

pytestmark = pytest.mark.slow

FIELDS = """
Accept `{"line_type": "checkbox", "input_type": "every_signer", "input_required": "yes", "signer_field_id": "yes"}`

Start `{"line_type": "date", "input_type": "every_signer", "input_required": "yes", "signer_field_id": "start"}`

Size `{"line_type": "select-input", "input_type": "every_signer", "input_required": "yes", "select_values": ["S", "M"]}`
"""


async def test_robots_sign_decline_or_never_come_as_their_address_says(tmp_path: Path, receiver: Receiver) -> None:
    async with running(tmp_path, robots=True, robot_delay_seconds=0.05) as customer:

        async def send(*emails: str) -> str:
            contract = await customer.create(*emails, markdown=FIELDS, custom_webhook_url=receiver.url)
            return str(contract["id"])

        signed = await send("person01@example.com", "person02+hr@example.com")
        declined = await send("person01@example.com", "person02+decline@example.com")
        never = await send("person01@example.com", "person02+never@example.com")
        bounced = await send("person03+bounce@example.com")
        await until(lambda: "contract-signed" in receiver.events(signed))
        await until(lambda: "contract-withdrawn" in receiver.events(declined))
        await until(lambda: receiver.events(never)[-1:] == ["contract-sent-to-signer"])
        await asyncio.sleep(0.5)
        assert "signer-viewed-the-contract" in receiver.events(signed)
        assert "signer-declined" in receiver.events(declined)
        assert receiver.events(never).count("signer-signed") == 1
        assert receiver.events(bounced) == ["contract-sent-to-signer", "error"]


async def test_many_requests_are_worked_off_at_once_even_over_several_mailbox_pages(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with running(tmp_path, robots=True, robot_delay_seconds=0.3) as customer:
        many = 120
        await asyncio.gather(
            *(customer.create(f"person{n}@example.com", custom_webhook_url=receiver.url) for n in range(many))
        )
        await until(lambda: receiver.events().count("signer-signed") == many, 90)
