"""How a refusal is worded: a Status, as the real server answers it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
    409: "Conflict", 410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests",
    500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip


class RefusedError(Exception):
    """Answered with a Status. An error that the server does not expect has no reason: ``reason=""``."""

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.more = code, message, more

    def response(self) -> web.Response:
        headers = {"Retry-After": str(self.more["retry"])} if self.more.get("retry") else {}
        details = {key: value for key, value in self.more.items() if key not in ("retry", "reason") and value}
        if self.more.get("retry"):
            details["retryAfterSeconds"] = self.more["retry"]
        reason = self.more.get("reason", _REASONS.get(self.code, "Unknown"))
        return web.json_response({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            **({"reason": reason} if reason else {}), **({"details": details} if details else {}), "code": self.code,
        }, status=self.code, headers=headers)  # fmt: skip
