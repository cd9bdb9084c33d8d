"""The Lumin dialect: its requests, answers and webhooks, written from its public API reference and guides."""

from sandbox.lumin.dialect import Lumin

__all__ = ["Lumin"]
