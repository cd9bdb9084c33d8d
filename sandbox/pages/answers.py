"""Fills the templates and adds the headers that every page carries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str,
    *,
    status: int = 200,
    embedded: bool = False,
    redirect_url: str = "",
    viewer: bool = False,
    **context: Any,
) -> HTMLResponse:
    """A whole page. `embedded` lets other sites show it in a frame; `redirect_url` is where its form may lead;
    `viewer` lets it show files of ours in the browser's own viewer."""
    html = _templates.get_template(template).render(embedded=embedded, **context)
    return HTMLResponse(html, status, _headers(embedded, origin(redirect_url), viewer))


def fragment(template: str, **context: Any) -> Markup:
    """A piece of a page."""
    return Markup(_templates.get_template(template).render(**context))  # noqa: S704 - the template escapes


def origin(url: str) -> str:
    """Scheme and host of a web address; empty for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    plain = all(char.isalnum() or char in ".-" for char in host) and host.isascii()
    return f"{parts.scheme}://{host}{port}" if parts.scheme in ("http", "https") and host and plain else ""


def _headers(embedded: bool, form_target: str, viewer: bool) -> dict[str, str]:
    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        *(["object-src 'self'", "frame-src 'self'"] if viewer else []),
        # Browsers also hold a form's redirect against this list.
        f"form-action 'self' {form_target}".strip(),
        "base-uri 'none'",
        "frame-ancestors *" if embedded else "frame-ancestors 'none'",
    ]
    return {
        "content-security-policy": "; ".join(policy),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_templates.filters["moment"] = _moment
