from consentry.web.flow_kinds import proposed_name


def test_a_proposed_name_is_free() -> None:
    assert proposed_name("Sales CRM", []) == "Sales CRM"
    assert proposed_name("Sales CRM", ["sales crm", "Sales CRM 2"]) == "Sales CRM 3"
