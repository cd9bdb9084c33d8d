"""What Leap accepts to start a signing process: the form of its page, part by part, read strictly.

Objects and lists come as JSON, each in a part of its own; booleans are words. A field the page does not name is
refused.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, StringConstraints
from pydantic.alias_generators import to_camel


def _callback_address(value: str) -> str:
    """It "must use https" (Starting a Signing Process, Callback URL)."""
    parts = urlsplit(value)
    host = parts.hostname or ""
    if not host or any(char.isspace() for char in value):
        raise ValueError("must be a full web address")
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host)):
        raise ValueError("must use https (the sandbox also allows http to this machine)")
    return value


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Text = Annotated[str, StringConstraints(pattern=r"\S")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")]
CallbackAddress = Annotated[str, AfterValidator(_callback_address)]


class Body(BaseModel):
    """Exactly the fields it declares, under the provider's names."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, alias_generator=to_camel
    )


class Person(Body):
    """`{name, organization, email, title}`, of owner and signers alike. Only name and e-mail are needed (not
    documented: the examples have all four)."""

    name: Text
    organization: str = ""
    email: Email
    title: str = ""


class SignerList(Body):
    """`signers` is an object that wraps the list; at least one has to sign (not documented)."""

    signers: Annotated[list[Person], Field(min_length=1)]


class NewProcess(Body):
    """The parts beside the document. The page calls additional recipients and callback optional, nothing else."""

    name: Text
    project_owner: Json[Person]
    signers: Json[SignerList]
    ordered_signers: Literal["true", "false"]
    additional_recipients: Json[list[Email]] = []
    sign_tasks_completed_callback_url: CallbackAddress | None = None
