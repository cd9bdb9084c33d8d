"""Failures to provoke, by where they come from; importing this fills the list."""

from tests.privacy.failures import accounts, ledgers, parameters, providers, sheets, webhooks
from tests.privacy.failures.catalogue import FAILURES, Failure

__all__ = ["FAILURES", "Failure", "accounts", "ledgers", "parameters", "providers", "sheets", "webhooks"]
