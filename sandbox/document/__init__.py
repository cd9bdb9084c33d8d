"""Turns a paper into a PDF: its text, its signatures and a page that says how it was signed."""

from __future__ import annotations

from sandbox.document.pdf import render

__all__ = ["render"]
