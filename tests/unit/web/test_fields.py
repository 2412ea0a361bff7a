import pytest

from consentry.errors import FieldError, Unreadable
from consentry.web.fields import MOST_FIELDS, Entries, Field, filled, read_entries

NAME = Field(name="name", label="Name", id="name")
SECRET = Field(name="client_secret", label="Client Secret", id="client_secret", secret=True)


def test_a_form_is_read_with_its_last_value_and_all_its_values() -> None:
    entries = read_entries(b"stream=users&stream=tasks&name=Z%C3%BCrich&note=a%0D%0Ab&empty=")
    assert entries.text("name") == "Zürich"
    assert entries.text("stream") == "tasks"
    assert entries.texts("stream") == ("users", "tasks")
    assert entries.text("note") == "a\nb"
    assert (entries.text("empty"), entries.text("absent"), entries.texts("absent")) == ("", "", ())


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"name=%ff", b"&".join([b"a=1"] * (MOST_FIELDS + 1))])
def test_a_form_that_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_entries(body)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("-1", None), ("", None), ("1e3", None), ("٣", None), ("9" * 19, None)]
)
def test_a_number_is_plain_figures_and_fits_an_id(text: str, number: int | None) -> None:
    assert Entries([("id", text)]).number("id") == number


def test_what_was_typed_is_shown_again_but_never_a_secret() -> None:
    shown = filled((NAME, SECRET), {"name": "Sales CRM", "client_secret": "very secret"})
    assert [field.value for field in shown] == ["Sales CRM", ""]


def test_an_error_stands_at_its_own_field_only() -> None:
    shown = filled((NAME, SECRET), {}, [FieldError(field="client_secret", message="Client Secret is required.")])
    assert [field.wrong for field in shown] == ["", "Client Secret is required."]


def test_a_secret_from_a_form_does_not_print() -> None:
    secret = Entries([("client_secret", "very secret value")]).secret("client_secret")
    assert "very" not in repr(secret)
    assert secret.reveal() == "very secret value"
