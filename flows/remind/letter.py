"""Words the reminder we write ourselves, where the provider cannot be told to."""

from __future__ import annotations

from ledger.reminding import Addressee


def subject(to: Addressee) -> str:
    """What stands in the list of messages."""
    return f"Reminder: please sign “{to.title}”"


def text(to: Addressee) -> str:
    """The message; its link opens the signing page of this one person."""
    return (
        f"Hello {to.name},\n\n"
        f"“{to.title}” is still waiting for your signature. To read and sign it, open:\n\n"
        f"{to.sign_url}\n\n"
        "The link is meant for you alone; please do not pass it on. If you have signed in the meantime, there is "
        "nothing left to do.\n"
    )
