"""Sends a batch's planned rows: whatever has ended is recorded and what comes next is claimed, in one commit.

So no more rows are ever claimed and without an outcome than calls may be under way (`Pace.width`). They are all that a
crash leaves in doubt, those included that still waited for their turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from connectors.signing.errors import PermanentError
from connectors.signing.provider import Provider
from flows.send.breaker import Breaker, Verdict
from flows.send.fitting import Fitting
from flows.send.pace import AHEAD_SECONDS, Pace
from flows.send.verdicts import GRACE, Result, attempt, outcome
from ledger import sending
from ledger.errors import LedgerError
from ledger.sending import Claimed, Outcome, Turnover, Wish
from ledger.store import Ledger
from ledger.texts import Texts
from recipes.errors import RecipeError, RowProblem

RECORD_AGAIN_AFTER = (0.2, 1.0, 5.0)
"""Seconds between tries to record outcomes: a call that went out must not be forgotten over a busy disk."""

LATE_AGAIN_AFTER = 1.0
"""Seconds a row is left alone whose claim ran out before its turn, so that one that is always late is not tried for
ever."""

LATE_SECONDS = 0.25
"""How late a row may come to its turn. Later, the process has stood still; then it takes another turn, since all the
turns it missed at once would be more calls a second than the account allows."""


@dataclass
class Sender:
    """One batch's loop. `send` may be called chunk after chunk; breaker and pace remember in between."""

    ledger: Ledger
    batch_id: str
    account: str
    provider: Provider
    pace: Pace
    owner: str
    fitting: Fitting
    only_rows: Collection[int] | None = None
    tell: Callable[[Result], None] = lambda _: None
    waiting: Callable[[float], None] = lambda _: None
    """Hears for how many seconds the provider asked to wait."""
    breaker: Breaker = field(default_factory=Breaker)
    paused: str | None = None
    _exhausted: bool = False
    _leaving: bool = False
    _stopping: bool = False
    _untold: bool = False
    """Whether the provider asked to wait and the ledger, through which others hear of it, has not heard yet."""
    _claim_at: float = 0.0
    _claimed: dict[asyncio.Task[Result], Claimed] = field(default_factory=dict)
    _ended: list[Result] = field(default_factory=list)
    _unrecorded: list[Result] = field(default_factory=list)
    _wary: bool = False
    """Whether a call has ended badly and what follows from that is not settled yet: none is begun meanwhile."""
    _unforeseen: BaseException | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _texts: Texts = field(default_factory=Texts)

    async def send(self, most: int) -> int:
        """Send up to `most` planned rows; how many were. Fewer than `most` means there are no more for now.

        Rows that were given back, since nothing happened, do not count: their turn comes again.
        Cancelled or interrupted, it claims no more, lets the calls under way finish within their own timeout,
        records how they ended, and passes the interruption on.
        """
        sent = 0
        self._exhausted = False
        try:
            while True:
                sent += await self._turn_over(most - sent)
                if self._unforeseen is not None:
                    raise self._unforeseen  # an error nobody foresaw ends the sending once all outcomes are recorded
                if self._idle and (self._claims_no_more or sent >= most):
                    return sent
                await self._wait(most - sent)
        except BaseException:
            await self._wind_down()
            raise

    def leave(self) -> None:
        """Claim nothing more from now on; `send` returns once what is under way has ended."""
        self._leaving = True
        self._news.set()

    @property
    def _idle(self) -> bool:
        return not self._claimed and not self._ended

    @property
    def _claims_no_more(self) -> bool:
        return self.paused is not None or self._exhausted or self._leaving

    async def _turn_over(self, most: int) -> int:
        """Record what has ended and start as many rows as there is room for; how many calls have ended."""
        ended, self._ended = self._ended, []
        # What did not simply go through is weighed before anything more is claimed, and once it is on record: a row's
        # own time to wait begins with its record, and must not be over later than the batch's.
        smooth = all(result.verdict is Verdict.SENT for result in ended)
        if smooth:
            self._conclude(ended)
        calls = sum(result.verdict is not Verdict.NOTHING for result in ended)
        room = self._room(most - calls) if smooth else 0
        if ended or room > 0 or self._untold:
            begun = _clock()
            turned = await self._commit(ended, room)
            if room > 0:
                self._exhausted = turned.none_left
                self._claim_at = _clock() + turned.next_in
            for row in turned.rows:
                self._start(row, begun, _clock() + row.turn_in)
        if not smooth:
            self._conclude(ended)
        self._wary = any(map(_worrying, self._ended))
        for result in ended:
            self.tell(result)
        if self.paused and ended:
            await sending.pause(self.ledger, self.batch_id, self.paused)
        return calls

    def _room(self, most: int) -> int:
        """How many more rows may be claimed now."""
        if self._claims_no_more or self.pace.waiting_for > 0 or _clock() < self._claim_at:
            return 0
        return min(most, self.pace.width) - len(self._claimed)

    async def _commit(self, ended: list[Result], room: int) -> Turnover:
        """One commit for both; an interruption meanwhile gives what was claimed back: nothing was called for it yet."""
        committing = asyncio.ensure_future(self._commit_until_it_holds(ended, room))
        try:
            return await asyncio.shield(committing)
        except BaseException:
            (turned,) = await asyncio.gather(committing, return_exceptions=True)
            if not isinstance(turned, BaseException):
                self._unrecorded += [Result(row, Verdict.NOTHING) for row in turned.rows]
            raise

    async def _commit_until_it_holds(self, ended: list[Result], room: int) -> Turnover:
        """Outcomes stay in hand until the ledger has them; a claim that failed is not repeated, since it may hold."""
        self._unrecorded += ended
        wish: Wish | None = self._wish(room)
        for wait in RECORD_AGAIN_AFTER:
            try:
                turned = await sending.turn_over(self.ledger, self._outcomes(), wish, self._texts)
                break
            except Exception:
                if not self._unrecorded:
                    raise
                wish = None
                await asyncio.sleep(wait)
        else:
            turned = await sending.turn_over(self.ledger, self._outcomes(), None)
        self._unrecorded.clear()
        self._untold = self._untold and wish is None
        return turned

    def _outcomes(self) -> list[Outcome]:
        return [outcome(result) for result in self._unrecorded]

    def _wish(self, room: int) -> Wish:
        return Wish(
            self.batch_id,
            self.owner,
            room,
            self.pace.lease_seconds,
            self.only_rows,
            provider=self.provider.name,
            account=self.account,
            rate=self.pace.rate,
            ahead_seconds=AHEAD_SECONDS,
            hold_seconds=self.pace.waiting_for if self._untold else 0.0,
        )

    def _start(self, row: Claimed, claimed_at: float, turn_at: float) -> None:
        task = asyncio.create_task(self._one(row, claimed_at, turn_at))
        self._claimed[task] = row
        task.add_done_callback(self._ends)

    async def _one(self, claimed: Claimed, claimed_at: float, turn_at: float) -> Result:
        """One row's turn and call. Until the call is made, whatever interrupts means that nothing happened."""
        try:
            request = await self.fitting.fit(claimed)
        except asyncio.CancelledError:
            return Result(claimed, Verdict.NOTHING)
        except (PermanentError, RecipeError, RowProblem) as problem:
            return Result(claimed, Verdict.REFUSED, problem=str(problem))
        try:
            if (left := turn_at - _clock()) > 0:
                await asyncio.sleep(left)
            if claimed.turn_in > 0 and _clock() - turn_at > LATE_SECONDS:
                return Result(claimed, Verdict.NOTHING)
        except asyncio.CancelledError:
            return Result(claimed, Verdict.NOTHING)
        return await self._given_back(claimed, claimed_at) or await attempt(self.provider, claimed, request)

    async def _given_back(self, claimed: Claimed, claimed_at: float) -> Result | None:
        """How a row ends that is not called for: the claim no longer holds, or something speaks against any call.

        Whether it holds is asked of the ledger unless it was made just now, and always where an earlier attempt may
        turn out to have got through.
        """
        if claimed.attempt > 1 or _clock() - claimed_at >= self.pace.fresh_seconds:
            try:
                holds = sending.may_call(self.ledger, claimed.request_id, claimed.attempt, self.pace.lease_seconds)
                if not await holds:
                    return Result(claimed, Verdict.NOTHING, retry_after=LATE_AGAIN_AFTER)
            except (asyncio.CancelledError, LedgerError):
                return Result(claimed, Verdict.NOTHING)
        stop = self._stopping or self._wary or self.paused or self.pace.waiting_for > 0
        return Result(claimed, Verdict.NOTHING) if stop else None

    def _ends(self, task: asyncio.Task[Result]) -> None:
        """A row's task has ended. `attempt` raises nothing, so an error came before the call."""
        claimed = self._claimed.pop(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or isinstance(error, Exception):
            result = Result(claimed, Verdict.NOTHING)
        elif error is not None:
            result = Result(claimed, Verdict.UNCLEAR, problem="Stopped in the middle of the call.")
        else:
            result = task.result()
        self._unforeseen = self._unforeseen or error
        self._wary = self._wary or _worrying(result)
        self._ended.append(result)
        self._news.set()

    async def _wait(self, most: int) -> None:
        """Until rows have ended, or more may be claimed; not at all while others have to hear that there is a wait."""
        if self._untold:
            return
        if (seconds := self._seconds_to_claim(most)) is not None and self._idle:
            self.waiting(self.pace.waiting_for)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    def _seconds_to_claim(self, most: int) -> float | None:
        """Seconds until there may be a row to claim; None where only an outcome changes that."""
        if self._claims_no_more or min(most, self.pace.width) <= len(self._claimed):
            return None
        return max(0.0, self.pace.waiting_for, self._claim_at - _clock())

    def _conclude(self, results: list[Result]) -> None:
        """Let pace and breaker draw their conclusions from outcomes."""
        for result in results:
            if result.verdict is Verdict.SENT:
                self.pace.accepted()
            elif result.verdict is Verdict.NOTHING:
                self._exhausted = False
            if _worrying(result) and result.verdict is Verdict.NOTHING:
                self._slow_down(result)
            self.paused = self.paused or self.breaker.note(result.verdict)

    def _slow_down(self, result: Result) -> None:
        """The provider asks to wait: this process does, and so does whoever else sends through the account.

        Where it could not be reached at all, that may be this machine's trouble alone.
        """
        if self.pace.slow_down(result.retry_after):
            self._untold = self._untold or result.answered
        else:
            self.paused = self.paused or "The provider keeps asking to wait; send the batch again later to go on."

    async def _wind_down(self) -> None:
        """Give calls under way the time they have anyway; what is then still open is unclear."""
        self._stopping = True
        if self._claimed:
            longest = self.provider.settings.timeout_seconds + 2 * GRACE
            _, late = await asyncio.wait(self._claimed, timeout=longest)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._claimed, return_exceptions=True)
            await asyncio.sleep(0)  # their callbacks
        await self._commit_until_it_holds(self._ended, 0)
        self._ended = []


def _worrying(result: Result) -> bool:
    """Whether it says something about the provider; a row given back before its call carries no problem."""
    return result.problem is not None and not result.verdict.about_the_row


# macOS has no CLOCK_BOOTTIME; its CLOCK_MONOTONIC goes on during sleep, which `time.monotonic()` does not there.
_CLOCK = next((getattr(time, name) for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC") if hasattr(time, name)), None)


def _clock() -> float:
    """Seconds that go on while the machine is suspended, which a claim's lease does, too."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
