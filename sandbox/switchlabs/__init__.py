"""The Switch Labs eSign dialect: its requests, answers and webhooks, written from its public API page."""

from sandbox.switchlabs.dialect import SwitchLabs

__all__ = ["SwitchLabs"]
