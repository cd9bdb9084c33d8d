"""Tests that ask another program for its opinion."""

from __future__ import annotations

import shutil

import pytest

from tests.examples import EVERYTHING


def needs(program: str) -> pytest.MarkDecorator:
    """Skipped by `make test` where the program is not installed; `make test-all` goes on, and fails."""
    missing = shutil.which(program) is None and not EVERYTHING
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")
