"""Additional contacts of opportunities and projects, and files that entries carry."""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

import msgspec

from consentry.sandbox.readers import Call, Reply
from consentry.sandbox.seed import Attachment
from consentry.sandbox.writing.draft import Absent, Complaint, Malformed, Refused
from consentry.sandbox.writing.shape import NO_CONTENT, get

MOST_BYTES: Final = 25 * 1024 * 1024
"""The largest file that can be uploaded."""


def contact_adder(path: str, key: str) -> Callable[[Call], Reply]:
    """Make the writer that adds a party to the contacts of a record."""

    def write(call: Call) -> Reply:
        record, party = get(call, path), get(call, "parties", 1)
        main = (record.decode().get("party") or {}).get("id")
        contacts = call.crm.contacts.setdefault((path, record.id), [])
        if party.id in contacts or party.id == main:
            message = f"party is already a contact for this {key}"
            raise Refused(Complaint(message=message, resource=key, field="party"))
        contacts.append(party.id)
        return NO_CONTENT

    return write


def contact_remover(path: str) -> Callable[[Call], Reply]:
    """Make the writer that takes a party away from the contacts of a record."""

    def write(call: Call) -> Reply:
        record, party = get(call, path), get(call, "parties", 1)
        contacts = call.crm.contacts.get((path, record.id), [])
        if party.id not in contacts:
            raise Absent("contact")
        contacts.remove(party.id)
        return NO_CONTENT

    return write


def upload(call: Call) -> Reply:
    """Keep a file until an entry takes it by the token that this answers with."""
    filename = unquote(call.headers.get("x-attachment-filename", ""))
    if not filename:
        raise Malformed("The header X-Attachment-Filename is missing.")
    content_type = call.headers.get("content-type", "application/octet-stream")
    token = call.token()
    call.crm.uploads[token] = Attachment(filename=filename, content_type=content_type, content=call.body)
    return Reply(status=201, body=msgspec.json.encode({"upload": {"token": token}}))
