"""What kind of body a request says it has."""

import re
from typing import Final

_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def is_json(content_type: bytes | None) -> bool:
    """Tell whether a Content-Type names JSON in UTF-8, the only encoding that JSON travels in (RFC 8259 §8.1)."""
    media_type, _, parameters = (content_type or b"").decode("latin-1").partition(";")
    charset = _CHARSET.search(parameters)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        return False
    return media_type.strip().lower() == "application/json"


def is_form(content_type: bytes | None) -> bool:
    """Tell whether a Content-Type names a form, which wraps a file in more than the file."""
    return (content_type or b"").strip().lower().startswith(b"multipart/")
