"""The edge of every flow and task: what leaves it as an error names its kind and our ids, and nothing else.

Prefect copies an exception's text into the run's state, its log, its events and its stored result. A provider's
refusal likes to echo the address it did not like, a database's complaint the row. So nothing of that gets past here.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypedDict, TypeVar, get_type_hints

from prefect.cache_policies import NO_CACHE, CachePolicy

from flows.kinds import kinds as kinds
from flows.kinds import leaves

P = ParamSpec("P")
R = TypeVar("R")

_OUR_ID = re.compile(r"\b(?:req|bat|led|eff)_[0-9A-HJKMNP-TV-Z]{26}\b")
_TALKATIVE = ("httpx", "httpcore", "sqlalchemy", "aiosqlite", "hpack", "asyncio")


class TaskManners(TypedDict):
    """What every task of ours is told, so that Prefect neither keeps its result nor takes an old one for the new."""

    persist_result: bool
    cache_policy: CachePolicy
    cache_result_in_memory: bool


MANNERS: TaskManners = {"persist_result": False, "cache_policy": NO_CACHE, "cache_result_in_memory": False}


class Withheld(Exception):
    """Something went wrong; the text is the kind of error and the ids concerned. The ledger knows the rest."""


def edge(run: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let nothing but kind and ids leave `run`, and keep the libraries that log addresses quiet meanwhile.

    Cancellation and signals pass as they are. An exception that says of itself `public = True` keeps its sentence:
    it was written by us and names nobody.
    """

    @wraps(run)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        hush()
        try:
            return await run(*args, **kwargs)
        except Withheld as error:
            plain = Withheld(*error.args)
        except Exception as error:
            plain = withheld(error, *args, *kwargs.values())
        # Raised out here, so that the first exception is not even its context.
        raise plain

    # Prefect reads types from the function it is given, and would look their names up in this module.
    guarded.__annotations__ = get_type_hints(run)
    guarded.__signature__ = inspect.signature(run, eval_str=True)  # type: ignore[attr-defined] # inspect's own protocol
    return guarded


def withheld(error: BaseException, *about: object) -> Withheld:
    """The same error without its text; `about` are the arguments among which our ids may be."""
    if getattr(error, "public", False):
        return Withheld(f"{type(error).__name__}: {error}")
    return Withheld(" ".join([*kinds(error), *our_ids(*about, *leaves(error))]))


def our_ids(*things: object) -> list[str]:
    """Ids of ours in these texts, each once; they are random and say nothing about anybody."""
    return list(dict.fromkeys(found for thing in things for found in _OUR_ID.findall(str(thing))))


def hush() -> None:
    """Keep what logs whole addresses, statements or other people's exceptions at warnings."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
