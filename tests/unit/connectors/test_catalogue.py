import pytest

from consentry.connectors import Catalogue
from consentry.errors import NotFound, SettingWrong


def test_a_connector_is_found_by_its_folder() -> None:
    catalogue = Catalogue.load()
    assert [connector.name for connector in catalogue.list()] == ["capsule"]
    assert catalogue.get("capsule") is catalogue.find("capsule")


def test_a_name_that_is_none_is_not_found() -> None:
    catalogue = Catalogue.load()
    assert catalogue.find("../capsule") is None
    with pytest.raises(NotFound):
        catalogue.get("salesforce")


def test_a_base_url_for_a_connector_that_does_not_exist_stops_the_start() -> None:
    with pytest.raises(SettingWrong, match="CONSENTRY_CAPSUEL_BASE_URL") as raised:
        Catalogue.load({"capsuel": "http://127.0.0.1:9"})
    assert "capsule" in raised.value.hint


def test_setting_a_base_url_changes_no_other_catalogue() -> None:
    Catalogue.load({"capsule": "http://127.0.0.1:9"})
    assert Catalogue.load().get("capsule").base_url == "https://api.capsulecrm.com"
