"""The Documill Leap dialect: its requests, answers and callback, written from its public Sign API pages."""

from sandbox.leap.dialect import Leap

__all__ = ["Leap"]
