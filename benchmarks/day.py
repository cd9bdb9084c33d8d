"""A million requests in a day, simulated minute by minute: nothing is sent, the speeds are what you say they are.

    python -m benchmarks.day [--requests 1000000] [--accounts 4] [--rate 20] [--events 6] [--drain 300]

Batches are started evenly between 8 and 17 o'clock. Each account sends at its rate. Of what was sent, people sign with
a delay that has a long tail (half within two hours), and every request reports `--events` times; the drainer applies
`--drain` of them a second.
"""

from __future__ import annotations

import argparse
import math

HALF_SIGNED_AFTER = 120.0
SPREAD = 1.2
MINUTES = 3 * 24 * 60


def heard_after(minutes: float) -> float:
    """The share of reports that have come so many minutes after sending (log-normal)."""
    return 0.5 * (1 + math.erf(math.log(max(minutes, 0.01) / HALF_SIGNED_AFTER) / (SPREAD * math.sqrt(2))))


def simulate(requests: int, accounts: int, rate: float, events: int, drain: float) -> dict[str, float]:
    """When the last request is out, and how far sending and draining fall behind."""
    waiting = inbox = most_waiting = most_inbox = 0.0
    sent: list[float] = []
    out_at = math.nan
    shares = [heard_after(minute + 1) - heard_after(minute) for minute in range(MINUTES)]
    busiest = 0.0
    for minute in range(MINUTES):
        if 8 * 60 <= minute < 17 * 60:
            waiting += requests / (9 * 60)
        now = min(waiting, accounts * rate * 60)
        waiting -= now
        sent.append(now)
        if math.isnan(out_at) and sum(sent) >= requests - 1:
            out_at = minute / 60
        reports = events * sum(sent[minute - age] * shares[age] for age in range(minute + 1) if sent[minute - age])
        busiest = max(busiest, reports / 60)
        inbox = max(0.0, inbox + reports - drain * 60)
        most_waiting, most_inbox = max(most_waiting, waiting), max(most_inbox, inbox)
    return {"out at (hour)": out_at, "rows waiting at most": most_waiting, "reports a second at most": busiest,
            "inbox at most": most_inbox}  # fmt: skip


def main() -> None:
    """Simulate, and print."""
    parser = argparse.ArgumentParser(description="A day of many requests, simulated.")
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=4)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second an account")
    parser.add_argument("--events", type=int, default=6, help="reports a request")
    parser.add_argument("--drain", type=float, default=300.0, help="reports applied a second")
    given = parser.parse_args()
    for name, value in simulate(**vars(given)).items():
        print(f"{name}: {value:,.1f}")


if __name__ == "__main__":
    main()
