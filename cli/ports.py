"""Which ports the parts of one machine listen on: fixed ones for `up`, free ones for the demo."""

from __future__ import annotations

import socket

from pydantic import BaseModel, ConfigDict

from cli.failures import BadUsage

HOST = "127.0.0.1"


class Ports(BaseModel):
    """Loopback ports of the three servers."""

    model_config = ConfigDict(frozen=True)

    prefect: int
    sandbox: int
    receiver: int


def free_ports() -> Ports:
    """Ask the system for three ports nobody uses; held together until all three are known, so that they differ."""
    sockets = [socket.socket() for _ in Ports.model_fields]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        numbers = [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
    return Ports(**dict(zip(Ports.model_fields, numbers, strict=True)))


def require_free(port: int, what: str, option: str) -> None:
    """Raise `BadUsage` naming the option to change when somebody else listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise BadUsage(
                f"Port {port} for the {what} is taken: stop what uses it, or choose another with {option}."
            ) from None
