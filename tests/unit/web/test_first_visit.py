from consentry.connectors import Catalogue
from consentry.web.first_visit import steps_for

CONNECTOR = Catalogue.load().list()[0]


def done_and_next(*, has_credential: bool, is_connected: bool) -> list[tuple[bool, bool]]:
    visit = steps_for(CONNECTOR, "uri", has_credential=has_credential, is_connected=is_connected)
    return [(step.is_done, step.is_next) for step in visit.steps]


def test_exactly_one_step_is_next_and_those_before_it_are_done() -> None:
    done, next_, later = (True, False), (False, True), (False, False)
    assert done_and_next(has_credential=False, is_connected=False) == [next_, later, later]
    assert done_and_next(has_credential=True, is_connected=False) == [done, next_, later]
    assert done_and_next(has_credential=True, is_connected=True) == [done, done, next_]


def test_a_page_with_a_main_action_of_its_own_has_no_second_button_for_it() -> None:
    visit = steps_for(CONNECTOR, "uri", has_credential=True, is_connected=True, above="/sources/new")
    assert visit.steps[-1].path == ""
