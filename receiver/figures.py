"""What the receiver counts for Prometheus; labels are provider and outcome, never an account, an address or an id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GROUPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Figures:
    """One receiver's counters, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "esign_deliveries",
            "Deliveries by what became of them: stored, repeated, or why they were refused.",
            ["provider", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "esign_answer_seconds",
            "Seconds from a delivery's head until its answer.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self._commits = Counter("esign_commits", "Commits of deliveries to the ledger.", registry=self._registry)
        self._groups = Histogram(
            "esign_deliveries_per_commit",
            "Deliveries that went into one commit together.",
            buckets=GROUPS,
            registry=self._registry,
        )
        self._inbox = Gauge(
            "esign_inbox", "Deliveries in the inbox that are not done with.", ["state"], registry=self._registry
        )
        self._oldest = Gauge(
            "esign_inbox_oldest_waiting_seconds", "Age of the oldest waiting delivery.", registry=self._registry
        )
        self._ledger = Gauge("esign_ledger_up", "Whether the ledger answers.", registry=self._registry)
        self._prefect = Gauge("esign_prefect_up", "Whether the Prefect server answers.", registry=self._registry)
        self._known: dict[tuple[str, str], Counter] = {}

    def answered(self, provider: str, outcome: str, seconds: float) -> None:
        """A delivery has its answer; `provider` is empty where the address names none of ours."""
        known = self._known.get((provider, outcome))
        if known is None:
            known = self._known[provider, outcome] = self._deliveries.labels(provider, outcome)
        known.inc()
        self._seconds.observe(seconds)

    def committed(self, deliveries: int) -> None:
        """So many deliveries were committed together."""
        self._commits.inc()
        self._groups.observe(deliveries)

    def stands(self, states: dict[str, int] | None, oldest_seconds: float) -> None:
        """How the inbox stands; `None` while the ledger does not answer, whose last figures then stay."""
        self._ledger.set(states is not None)
        for state, number in (states or {}).items():
            self._inbox.labels(state).set(number)
        if states is not None:
            self._oldest.set(oldest_seconds)

    def prefect(self, answers: bool) -> None:
        """Whether the Prefect server answered when it was last asked."""
        self._prefect.set(answers)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
