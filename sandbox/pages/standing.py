"""Says in a few words where a paper stands for one of its signers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.paper import Paper, Party


@dataclass(frozen=True)
class Standing:
    """A heading and a sentence; `open` when the signer can sign now, `done` when they have signed."""

    heading: str
    sentence: str
    tone: str = "plain"
    open: bool = False
    done: bool = False
    readable: bool = False


def standing(paper: Paper, party: Party) -> Standing:
    """Where the paper stands for this signer; what is over for everybody comes after what they did themselves."""
    if party.state == "signed":
        return _signed(paper)
    if party.state == "declined":
        return Standing("You have declined", f"{paper.sender} has been told; nobody has to do anything now.")
    if paper.state == "withdrawn":
        return Standing("This request was withdrawn", "There is nothing to sign any more; you need not do anything.")
    if paper.state == "declined":
        return Standing("Somebody else has declined", "There is nothing to sign any more; you need not do anything.")
    if paper.state == "failed":
        return Standing(
            "This request has failed", f"Please ask {paper.sender}, who knows why; you need not do anything."
        )
    if paper.state == "expired":
        return Standing(
            "This request has expired", f"Please ask {paper.sender} to send it again if it is still wanted."
        )
    if party.state == "waiting":
        return _too_early(paper, party)
    return Standing("Please read and sign", "", open=True, readable=True)


def _signed(paper: Paper) -> Standing:
    heading = "Thank you, you have signed"
    if paper.state == "withdrawn":
        return Standing(
            heading, "Since then the request was withdrawn, so the document stays without effect.", done=True
        )
    if paper.state == "declined":
        return Standing(heading, "Somebody else has declined, so the document stays without effect.", done=True)
    if paper.state == "failed":
        return Standing(heading, "Since then the request has failed, so the document stays without effect.", done=True)
    if paper.state == "expired":
        return Standing(heading, "The others did not sign in time, so the request has expired.", done=True)
    left = [party.name for party in paper.parties if party.state != "signed"]
    if left:
        sentence = f"We are waiting for {listed(left)}; after that you get the signed document by mail."
    else:
        sentence = "Everybody has signed; the signed document comes by mail."
    return Standing(heading, sentence, tone="good", done=True, readable=True)


def _too_early(paper: Paper, party: Party) -> Standing:
    before = [other.name for other in paper.parties if other.order < party.order and other.state != "signed"]
    waiting = f"First {listed(before)} must sign" if before else "Others must sign first"
    return Standing("It is not your turn yet", f"{waiting}; we write to you when it is your turn.", readable=True)


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
