"""The DocsAutomator dialect: its documents, jobs, automations, signing sessions and webhooks, from its public pages."""

from sandbox.docsautomator.dialect import DocsAutomator

__all__ = ["DocsAutomator"]
