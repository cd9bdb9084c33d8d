"""A small recipe on disk, to be broken in one place at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recipes.loading import load
from recipes.model import Recipe

YAML = """\
id: small
description: A small recipe.
columns:
  company:
    description: The company.
    example: Example Company 01
  email:
    type: email
    description: The address.
    example: person01@example.com
  count:
    type: integer
    description: How many.
    required: false
    example: "3"
key: [company]
title: Agreement with {{ company }}
document: document.md
signers:
  - role: signer
    name: "{{ company }}"
    email: "{{ email }}"
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(
        yaml: str = YAML,
        document: str = "# For {{ company }}\n",
        name: str = "small",
        pdf: tuple[str, bytes] | None = None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "recipe.yaml").write_text(yaml, encoding="utf-8")
        (folder / "document.md").write_text(document, encoding="utf-8")
        if pdf is not None:
            (folder / pdf[0]).write_bytes(pdf[1])
        return folder

    return write


@pytest.fixture
def small(write: Write) -> Recipe:
    return load(write())
