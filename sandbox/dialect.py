"""What a provider's dialect adds to the sandbox: its calls, its refusals, and its webhooks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from sandbox.contract import Contract, Event
from sandbox.links import Links

if TYPE_CHECKING:
    from sandbox.engine import Engine


@dataclass
class Account:
    """The sandbox's one account at a provider. `webhook_url` is the address typed in at the provider's web pages for
    the whole account, empty while there is none; it may change while the sandbox runs."""

    token: str
    webhook_secret: str
    webhook_url: str = ""


class Webhook(NamedTuple):
    """One webhook call to be made; `event` is the provider's name for it."""

    event: str
    url: str
    body: bytes


class Dialect(ABC):
    """One provider's way of being called and of telling its customers what happened."""

    name: ClassVar[str]
    """Also the first part of all its paths: `/{name}/…`."""
    retry_hours: ClassVar[tuple[float, ...]] = ()
    """How long it waits after each failed webhook call; empty where no repetition is documented."""
    timeout_seconds: ClassVar[float] = 15.0
    """How long it waits for the answer to a webhook call."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @abstractmethod
    def routes(self, engine: Engine) -> list[Route]:
        """Every call that it understands."""

    @abstractmethod
    def webhooks(self, contract: Contract, event: Event, links: Links) -> list[Webhook]:
        """The calls for an event, in order; none where this provider stays silent. The contract is as it stands after
        everything that happened together with the event."""

    @abstractmethod
    def refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """An error in the shape the provider gives it; faults use it too."""

    def headers(self, body: bytes) -> dict[str, str]:
        """The headers of a webhook call beside Content-Type, which is application/json unless it stands here."""
        return {}

    def accepted(self, status: int) -> bool:
        """Whether an answer with this status means that the call arrived."""
        return 200 <= status <= 299
