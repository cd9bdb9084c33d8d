"""Names an error by its kind alone; no Prefect in here, so that a process of ours can do without."""

from __future__ import annotations


def kinds(error: BaseException) -> list[str]:
    """The name of the error's class, or those of all classes in a group, each once."""
    return list(dict.fromkeys(type(leaf).__name__ for leaf in leaves(error)))


def leaves(error: BaseException) -> list[BaseException]:
    """The error itself, or all those in a group."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]
