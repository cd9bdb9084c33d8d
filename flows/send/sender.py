"""Sends a batch's planned rows: claim, wait for a turn, call, record in groups; never more claimed than under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from connectors.signing.errors import PermanentError
from connectors.signing.provider import Provider
from flows.send.breaker import Breaker, Verdict
from flows.send.fitting import Fitting
from flows.send.pace import Pace
from flows.send.verdicts import GRACE, Result, attempt, outcome
from ledger import sending
from ledger.errors import LedgerError
from ledger.sending import Claimed
from ledger.store import Ledger
from recipes.errors import RecipeError, RowProblem

RECORD_AGAIN_AFTER = (0.2, 1.0, 5.0)
"""Seconds between tries to record outcomes: a call that went out must not be forgotten over a busy disk."""


@dataclass
class Sender:
    """One batch's loop. `send` may be called chunk after chunk; breaker and pace remember in between."""

    ledger: Ledger
    batch_id: str
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
    _stopping: bool = False
    _under_way: dict[asyncio.Task[Result], Claimed] = field(default_factory=dict)
    _unrecorded: list[Result] = field(default_factory=list)

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
                await self._start(most - sent)
                if self._under_way:
                    done, _ = await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                    sent += await self._take_in([self._ended(task) for task in done])
                    for task in done:
                        task.result()  # an error nobody foresaw ends the sending once all outcomes are recorded
                elif self.paused or self._exhausted or sent >= most:
                    return sent
                else:
                    self.waiting(self.pace.waiting_for)
                    await asyncio.sleep(self.pace.waiting_for)
        except BaseException:
            await self._wind_down()
            raise

    async def _start(self, most: int) -> None:
        """Claim as many rows as there is room for and start their calls; never more than `most` under way."""
        room = min(most, self.pace.width) - len(self._under_way)
        if self.paused or self._exhausted or room <= 0 or self.pace.waiting_for > 0:
            return
        rows = await self._claim(room)
        self._exhausted = not rows
        self._under_way |= {asyncio.create_task(self._one(row)): row for row in rows}

    async def _claim(self, most: int) -> list[Claimed]:
        """Claim rows; an interruption in between gives them back, since nothing was called for them yet."""
        claiming = asyncio.ensure_future(
            sending.claim(
                self.ledger, self.batch_id, self.owner, most, self.pace.lease_seconds, only_rows=self.only_rows
            )
        )
        try:
            return await asyncio.shield(claiming)
        except BaseException:
            (rows,) = await asyncio.gather(claiming, return_exceptions=True)
            if not isinstance(rows, BaseException):
                self._unrecorded += [Result(row, Verdict.NOTHING) for row in rows]
            raise

    async def _one(self, claimed: Claimed) -> Result:
        """One row's turn and call. Until the call is made, whatever interrupts means that nothing happened."""
        try:
            request = await self.fitting.fit(claimed)
        except asyncio.CancelledError:
            return Result(claimed, Verdict.NOTHING)
        except (PermanentError, RecipeError, RowProblem) as problem:
            return Result(claimed, Verdict.REFUSED, problem=str(problem))
        try:
            await self.pace.turn()
            standing = await sending.may_call(self.ledger, claimed.request_id, claimed.attempt, self.pace.lease_seconds)
        except (asyncio.CancelledError, LedgerError):
            return Result(claimed, Verdict.NOTHING)
        if self._stopping or self.paused or self.pace.waiting_for > 0:
            return Result(claimed, Verdict.NOTHING)
        if not standing:
            return Result(claimed, Verdict.GONE)
        return await attempt(self.provider, claimed, request)

    def _ended(self, task: asyncio.Task[Result]) -> Result:
        """How a row's task ended. `attempt` raises nothing, so an error came before the call."""
        claimed = self._under_way.pop(task)
        if task.cancelled() or isinstance(task.exception(), Exception):
            return Result(claimed, Verdict.NOTHING)
        if task.exception() is not None:
            return Result(claimed, Verdict.UNCLEAR, problem="Stopped in the middle of the call.")
        return task.result()

    async def _take_in(self, results: list[Result]) -> int:
        """Record outcomes together, then let pace and breaker draw their conclusions; how many calls were made."""
        self._unrecorded += results
        await self._record()
        for result in results:
            self._conclude(result)
            self.tell(result)
        if self.paused:
            await sending.pause(self.ledger, self.batch_id, self.paused)
        return sum(result.verdict not in (Verdict.NOTHING, Verdict.GONE) for result in results)

    def _conclude(self, result: Result) -> None:
        if result.verdict is Verdict.SENT:
            self.pace.accepted()
        elif result.verdict is Verdict.NOTHING:
            self._exhausted = False
            # A row given back before its call carries no problem and says nothing about the provider.
            if result.problem is not None and not self.pace.slow_down(result.retry_after):
                self.paused = self.paused or "The provider keeps asking to wait; send the batch again later to go on."
        self.paused = self.paused or self.breaker.note(result.verdict)

    async def _record(self) -> None:
        """Commit the outcomes not yet recorded; they stay in hand until the ledger has them."""
        if not self._unrecorded:
            return
        outcomes = [told for result in self._unrecorded if (told := outcome(result)) is not None]
        for wait in RECORD_AGAIN_AFTER:
            try:
                await sending.record(self.ledger, outcomes)
                break
            except Exception:
                await asyncio.sleep(wait)
        else:
            await sending.record(self.ledger, outcomes)
        self._unrecorded.clear()

    async def _wind_down(self) -> None:
        """Give calls under way the time they have anyway; what is then still open is unclear."""
        self._stopping = True
        if self._under_way:
            longest = self.provider.settings.timeout_seconds + 2 * GRACE
            _, late = await asyncio.wait(self._under_way, timeout=longest)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            self._unrecorded += [self._ended(task) for task in list(self._under_way)]
        await self._record()
