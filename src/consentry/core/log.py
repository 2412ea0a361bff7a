"""The log: structured lines on standard error, with secrets hidden at the sink by key and by value.

Lines of other libraries and tracebacks pass through the same sink, so nothing is printed around it.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

from consentry.core.secret import HIDDEN, Secret, hide_remembered

SECRET_KEYS: Final = frozenset(
    "authorization proxy_authorization cookie set_cookie password access_token refresh_token id_token client_secret "
    "code code_verifier state token api_key secret keyset connect_url".split()
)
_SHAPES: Final = (
    re.compile(r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(\bbasic\s+)[A-Za-z0-9+/=]{8,}"),
    re.compile(
        r"(?i)([\"']?\b(?:access_token|refresh_token|id_token|client_secret|code_verifier|password|state|code)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+"
    ),
    re.compile(r"(/(?:connect|hooks)/)[A-Za-z0-9_-]{16,}"),
    re.compile(r"(\bcsy_)[A-Za-z0-9_-]{8,}"),
    re.compile(r"(://[^/\s:@]+:)[^@\s/]+(?=@)"),
)


def redact(text: str) -> str:
    """Return the text without the secrets that this process has seen and without what looks like one."""
    text = hide_remembered(text)
    for shape in _SHAPES:
        text = shape.sub(lambda found: found[1] + HIDDEN, text)
    return text


def redact_value(key: str, value: object) -> object:
    """Return a value fit for the log, whatever its kind and depth."""
    if key.lower().replace("-", "_") in SECRET_KEYS or isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, dict):
        return {str(name): redact_value(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(key, item) for item in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return redact(value if isinstance(value, str) else repr(value))


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)  # uvicorn's second copy of the line, for terminals
    return {key: redact_value("" if key == "event" else key, value) for key, value in event.items()}


def configure(form: Literal["lines", "json"] = "lines", level: str = "INFO") -> None:
    """Send the log of this process to standard error; call once, at the edge."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    colours = sys.stderr.isatty()
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=colours)
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(level)
    for chatty in ("aiosqlite", "asyncio", "alembic", "sqlalchemy", "uvicorn.access", "aiohttp.access"):
        logging.getLogger(chatty).setLevel("WARNING")
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    logging.getLogger("consentry").critical("stopped by an error that nobody expected", exc_info=(kind, error, trace))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a room."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
