"""Google's way of saying no: a code, a status word, a sentence and what stands beside it."""

from __future__ import annotations

from typing import Any

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
PROJECT = "100200300400"
"""The number of the made-up project that all keys of the double belong to."""


class Refused(Exception):
    """The call was answered with an error, and nothing of it was done."""

    def __init__(
        self, message: str, code: int = 400, status: str = "", details: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.status, self.details = message, code, status or STATUS[code], details

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}

    def under(self, place: str) -> Refused:
        """The same, naming which of several parts of the call was meant."""
        return Refused(f"Invalid {place}: {self.message}", self.code, self.status, self.details)


def error_info(reason: str, **metadata: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com", **metadata},
    }


def unauthenticated(reason: str) -> Refused:
    beginning = (
        "Request is missing required authentication credential. Expected"
        if reason == "CREDENTIALS_MISSING"
        else "Request had invalid authentication credentials. Expected"
    )
    return Refused(
        f"{beginning} OAuth 2 access token, login cookie or other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        401,
        details=[error_info(reason)],
    )


def over_quota(word: str, limit: int) -> Refused:
    """`word` is Read or Write."""
    return Refused(
        f"Quota exceeded for quota metric '{word} requests' and limit '{word} requests per minute per user' of service "
        f"'sheets.googleapis.com' for consumer 'project_number:{PROJECT}'.",
        429,
        details=[
            error_info(
                "RATE_LIMIT_EXCEEDED",
                consumer=f"projects/{PROJECT}",
                quota_limit=f"{word}RequestsPerMinutePerUser",
                quota_limit_value=str(limit),
                quota_location="global",
                quota_metric=f"sheets.googleapis.com/{word.lower()}_requests",
            ),
            {
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [
                    {
                        "description": "Request a higher quota limit.",
                        "url": "https://cloud.google.com/docs/quotas/help/request_increase",
                    }
                ],
            },
        ],
    )


def no_permission() -> Refused:
    return Refused("The caller does not have permission", 403)


def narrow_scope() -> Refused:
    return Refused(
        "Request had insufficient authentication scopes.", 403, details=[error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")]
    )


def api_disabled() -> Refused:
    address = f"https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project={PROJECT}"
    return Refused(
        f"Google Sheets API has not been used in project {PROJECT} before or it is disabled. Enable it by visiting "
        f"{address} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to "
        "our systems and retry.",
        403,
        details=[error_info("SERVICE_DISABLED", consumer=f"projects/{PROJECT}")],
    )


def not_found() -> Refused:
    return Refused("Requested entity was not found.", 404)


def not_a_google_sheet() -> Refused:
    """An Excel file in Drive has an address like a spreadsheet's."""
    return Refused("This operation is not supported for this document", 400, "FAILED_PRECONDITION")
