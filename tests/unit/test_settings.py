"""Settings: routes, overrides, refusals, and the cache that keeps the last good ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from license_reader.errors import CredentialsError, SettingsError
from license_reader.license import Document, Side
from license_reader.settings import Configuration, Settings, plan

SETTINGS: dict[str, Any] = {
    "vendors": ["tencent", "embedded"],
    "routes": [
        {"prefix": "uploads/driving/", "document": "driving_license", "vendors": ["tencent_legacy", "embedded"]},
        {"prefix": "uploads/back/", "side": "back"},
    ],
}


class Parameters:
    """Parameter Store in memory, with Powertools' way of being asked."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.failing = False

    def get_multiple(self, path: str, *, recursive: bool, max_age: int) -> dict[str, str]:
        assert path == "/stack/"
        assert recursive
        assert max_age
        if self.failing:
            raise GetParameterError("throttled")
        return dict(self.texts)


class Secrets:
    """Secrets Manager in memory, with Powertools' way of being asked."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked: list[bool] = []

    def get(self, name: str, *, max_age: int, force_fetch: bool) -> str:
        assert max_age
        self.asked.append(force_fetch)
        try:
            return self.texts[name]
        except KeyError as error:
            raise GetParameterError(name) from error


def configuration(parameters: Parameters, secrets: Secrets | None = None) -> Configuration:
    return Configuration(path="/stack", ssm=parameters, secrets=secrets or Secrets())  # type: ignore[arg-type]


def stored(**changes: object) -> Parameters:
    vendor = json.dumps({"secret": "stack-megvii"})
    return Parameters(**{"settings": json.dumps(SETTINGS | changes), "vendors/megvii": vendor})


def test_the_first_route_that_fits_decides_what_is_asked() -> None:
    planned = plan(Settings.model_validate(SETTINGS), "uploads/driving/a.jpg", {})
    assert (planned.document, planned.side, planned.told) == (Document.DRIVING_LICENSE, Side.FRONT, True)
    assert planned.vendors == ("tencent_legacy", "embedded")


def test_a_key_without_a_route_is_taken_for_a_main_page_that_nobody_told_of() -> None:
    planned = plan(Settings.model_validate(SETTINGS), "elsewhere.jpg", {})
    assert (planned.document, planned.side, planned.told) == (Document.VEHICLE_LICENSE, Side.FRONT, False)
    assert planned.vendors == ("tencent", "embedded")


def test_metadata_overrides_the_route_and_its_vendor_leads_the_chain() -> None:
    metadata = {"document": "vehicle_license", "side": "both", "vendor": "embedded"}
    planned = plan(Settings.model_validate(SETTINGS), "uploads/driving/a.jpg", metadata)
    assert (planned.document, planned.side) == (Document.VEHICLE_LICENSE, Side.BOTH)
    assert planned.vendors == ("embedded", "tencent_legacy")


@pytest.mark.parametrize("name", ["document", "side", "vendor"])
def test_metadata_that_means_nothing_is_flagged_and_the_route_holds(name: str) -> None:
    planned = plan(Settings.model_validate(SETTINGS), "uploads/back/a.jpg", {name: "sideways"})
    assert (planned.document, planned.side) == (Document.VEHICLE_LICENSE, Side.BACK)
    assert [(flag.code, flag.detail) for flag in planned.flags] == [("metadata_unknown", name)]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"vendors": ["tencnt"]}, r"/stack/settings: vendors\.0: .*no vendor is called 'tencnt'; there are embedded"),
        ({"vendors": []}, r"/stack/settings: vendors: "),
        ({"vendors": ["megvii", "megvii"]}, r"a vendor is named twice"),
        ({"routes": [{"prefix": "x", "side": "left"}]}, r"routes\.0\.side: "),
        ({"publish": ["everything"]}, r"publish\.0: "),
        ({"min_confidence": 2}, r"min_confidence: "),
        ({"second_opinion": "megvi"}, r"second_opinion: .*no vendor is called 'megvi'; there are embedded"),
        ({"retention_days": 7}, r"retention_days: "),
        ({"colour": "red"}, r"colour: Extra inputs"),
    ],
)
def test_a_bad_setting_is_refused_with_the_field_that_is_wrong(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        configuration(stored(**changes)).settings()


def test_settings_that_are_missing_or_no_json_are_named() -> None:
    with pytest.raises(SettingsError, match="/stack/settings: no such parameter"):
        configuration(Parameters()).settings()
    with pytest.raises(SettingsError, match="/stack/settings: not JSON"):
        configuration(Parameters(settings="{")).settings()


def test_the_last_good_settings_serve_on_when_a_bad_change_or_an_outage_comes() -> None:
    parameters = stored()
    configured = configuration(parameters)
    good = configured.settings()
    parameters.texts["settings"] = "{}"
    assert configured.settings() == good
    parameters.failing = True
    assert configured.settings() == good
    parameters.failing = False
    parameters.texts = stored(min_confidence=0.5).texts
    assert configured.settings().min_confidence == 0.5


def test_an_outage_before_any_good_settings_stops_the_line() -> None:
    parameters = stored()
    parameters.failing = True
    with pytest.raises(SettingsError, match="/stack: cannot be read"):
        configuration(parameters).settings()


def test_an_endpoint_with_a_path_is_refused() -> None:
    parameters = stored()
    parameters.texts["vendors/megvii"] = json.dumps({"secret": "s", "endpoint": "https://api.example/v1"})
    with pytest.raises(SettingsError, match=r"/stack/vendors/megvii: endpoint: "):
        configuration(parameters).settings()


def test_credentials_come_in_the_vendors_own_type_and_stay_one_object() -> None:
    secrets = Secrets(**{"stack-megvii": '{"api_key": "key", "api_secret": "hush"}'})
    configured = configuration(stored(), secrets)
    credentials = configured.credentials("megvii")
    assert type(credentials).__module__ == "license_reader.vendors.megvii"
    assert configured.credentials("megvii") is credentials
    secrets.texts["stack-megvii"] = '{"api_key": "other", "api_secret": "hush"}'
    assert configured.credentials("megvii").api_key == "other"
    assert secrets.asked == [False] * 3


def test_credentials_that_were_refused_are_read_past_the_cache_once_for_all_that_were_refused() -> None:
    secrets = Secrets(**{"stack-megvii": '{"api_key": "key", "api_secret": "hush"}'})
    configured = configuration(stored(), secrets)
    refused = configured.credentials("megvii")
    anew = configured.credentials("megvii", refused=refused)
    assert anew is not refused
    assert anew == refused
    assert configured.credentials("megvii", refused=refused) is anew
    assert secrets.asked == [False, True, False]


def test_a_cap_is_a_number_of_calls_or_none() -> None:
    parameters = stored()
    assert configuration(parameters).vendor("megvii").daily_cap is None
    parameters.texts["vendors/megvii"] = json.dumps({"secret": "s", "daily_cap": 0})
    assert configuration(parameters).vendor("megvii").daily_cap == 0
    for wrong in (-1, "many", 1.5):
        parameters.texts["vendors/megvii"] = json.dumps({"secret": "s", "daily_cap": wrong})
        with pytest.raises(SettingsError, match="/stack/vendors/megvii: daily_cap: "):
            configuration(parameters).settings()


@pytest.mark.parametrize("text", ['{"api_key": "hush-hush"}', "hush-hush", '["hush-hush"]', '{"api_key": 5, "x": 1}'])
def test_a_secret_of_the_wrong_shape_is_named_but_never_shown(text: str) -> None:
    configured = configuration(stored(), Secrets(**{"stack-megvii": text}))
    with pytest.raises(CredentialsError, match="secret stack-megvii: ") as caught:
        configured.credentials("megvii")
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_secret_that_is_missing_is_named() -> None:
    with pytest.raises(CredentialsError, match="secret stack-megvii: cannot be read"):
        configuration(stored()).credentials("megvii")


def test_a_vendor_without_a_parameter_is_named() -> None:
    with pytest.raises(SettingsError, match="/stack/vendors/tencent: no such parameter"):
        configuration(stored()).credentials("tencent")
