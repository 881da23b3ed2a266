"""The template says what the local cloud does not enforce: who may do what, what is kept, and who is told."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from license_ocr.checkout import BUILD, ROOT
from license_ocr.deploy import holds, load_template
from license_reader import vendors
from license_reader.settings import Settings, VendorSettings

if TYPE_CHECKING:
    from pathlib import Path

type Json = dict[str, Any]

LIMIT = 51_200
OTHER_BUILD = BUILD.parent / "other"
UNZIPPED_LIMIT = 250 * 1024 * 1024
FUNCTIONS = {"ReadUpload": "ReadUploadRole", "OcrApiFunction": "OcrApiRole"}
PSEUDO = {"AWS::StackName": "stack", "AWS::AccountId": "123456789012", "AWS::Region": "r", "AWS::Partition": "aws"}


@cache
def template() -> Json:
    return load_template(ROOT / "template.yaml")


def properties(name: str) -> Json:
    found: Json = template()["Resources"][name]["Properties"]
    return found


def of_type(kind: str) -> dict[str, Json]:
    return {name: each for name, each in template()["Resources"].items() if each["Type"] == kind}


def statements(policy: str) -> dict[str, Json]:
    return {each["Sid"]: each for each in properties(policy)["PolicyDocument"]["Statement"]}


def granted(role: str) -> dict[str, set[str]]:
    """Each action that a role allows, with the resources it allows it on, as JSON."""
    grants: dict[str, set[str]] = {}
    for policy in properties(role)["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            assert each["Effect"] == "Allow"
            for action in [each["Action"]] if isinstance(each["Action"], str) else each["Action"]:
                listed = each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
                grants.setdefault(action, set()).update(json.dumps(one) for one in listed)
    return grants


def text(value: Any, **parameters: str) -> str:
    """The text that a Sub, Ref or Join of names known here comes to."""
    known = PSEUDO | parameters
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return known.get(name, f"<{name}>")
        case {"Fn::Sub": str(form)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1], f"<{found[1]}>"), form)
        case {"Fn::Sub": [form, names]}:
            inner = {name: text(each, **parameters) for name, each in names.items()}
            return text({"Fn::Sub": form}, **parameters | inner)
        case {"Fn::Join": [between, {"Ref": str(name)}]}:
            return str(between).join(known[name].split(","))
        case {"Fn::If": ["HasOwnEndpoint", own, _]}:
            return text(own, **parameters)
    raise AssertionError(f"no text is known for {value}")


def test_it_fits_into_an_inline_template_as_written_and_as_built() -> None:
    built = load_template(BUILD / "template.yaml")
    assert set(built["Resources"]) == set(template()["Resources"])
    assert len((ROOT / "template.yaml").read_bytes()) < LIMIT
    assert len(json.dumps(built, separators=(",", ":"), ensure_ascii=False).encode()) < LIMIT


def test_uploads_are_versioned_private_encrypted_and_forgotten_in_time() -> None:
    bucket = properties("UploadBucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    expire = next(rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule["Id"] == "Expire")
    assert expire["ExpirationInDays"] == {"Ref": "UploadRetention"}
    assert expire["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_deleting_the_stack_keeps_photos_and_records() -> None:
    kept = {name: template()["Resources"][name] for name in ("UploadBucket", "ResultTable")}
    assert {name: resource["UpdateReplacePolicy"] for name, resource in kept.items()} == dict.fromkeys(kept, "Retain")
    # The bucket's name is fixed: kept by a first deployment that failed, it would stand in the way of the second.
    assert kept["UploadBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert kept["ResultTable"]["DeletionPolicy"] == "Retain"
    assert properties("ResultTable")["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert template()["Parameters"]["DeletionProtection"]["Default"] == "true"


@pytest.mark.parametrize(
    ("policy", "action"),
    [
        ("UploadBucketPolicy", "s3:*"),
        ("UploadQueuePolicy", "sqs:*"),
        ("DeadLetterQueuePolicy", "sqs:*"),
        ("FlaggedTopicPolicy", "sns:Publish"),
    ],
)
def test_nobody_may_speak_without_tls(policy: str, action: str) -> None:
    deny = statements(policy)["TlsOnly"]
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", action)
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_our_bucket_may_put_into_the_queue() -> None:
    allowed = [each for each in statements("UploadQueuePolicy").values() if each["Effect"] == "Allow"]
    assert [each["Action"] for each in allowed] == ["sqs:SendMessage"]
    source = allowed[0]["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert text(source) == f"arn:aws:s3:::{text(properties('UploadBucket')['BucketName'])}"
    assert allowed[0]["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_what_keeps_failing_is_parked_where_an_alarm_sees_it() -> None:
    redrive = properties("UploadQueue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] == {"Ref": "MaxReceiveCount"}
    assert properties("DeadLetterQueue")["MessageRetentionPeriod"] == 1_209_600
    [dimension] = properties("DeadLettersAlarm")["Dimensions"]
    assert dimension["Value"] == {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}
    assert properties("DeadLettersAlarm")["Threshold"] == 0


def test_a_message_stays_hidden_for_as_long_as_lambda_may_retry_its_batch() -> None:
    parameters = template()["Parameters"]
    assert parameters["VisibilityTimeout"]["Default"] >= 6 * parameters["ReadTimeout"]["Default"]


def test_one_bad_message_fails_alone_and_the_vendors_are_not_overrun() -> None:
    [source] = properties("ReadUpload")["Events"].values()
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    limit = source["Properties"]["ScalingConfig"]["MaximumConcurrency"]
    # The vendors' rates are divided by the very number that limits the readers.
    assert limit == properties("ReadUpload")["Environment"]["Variables"]["MAXIMUM_CONCURRENCY"]


def test_the_table_is_keyed_as_the_ledger_writes_and_can_be_restored() -> None:
    table = properties("ResultTable")
    assert table["KeySchema"] == [
        {"AttributeName": "object", "KeyType": "HASH"},
        {"AttributeName": "version", "KeyType": "RANGE"},
    ]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_the_reader_may_do_what_it_does_and_nothing_else() -> None:
    grants = granted("ReadUploadRole")
    assert set(grants) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "sns:Publish",
        "ssm:GetParametersByPath",
        "secretsmanager:GetSecretValue",
    }
    objects = text({"Fn::Sub": "arn:aws:s3:::${AWS::StackName}-uploads-${AWS::AccountId}-${AWS::Region}"})
    assert {text(json.loads(each)) for each in grants["s3:GetObject"]} == {objects + "/*"}


def test_the_ocr_api_may_log_and_read_secrets() -> None:
    assert set(granted("OcrApiRole")) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
    }


@pytest.mark.parametrize("role", FUNCTIONS.values())
def test_no_role_is_granted_everything(role: str) -> None:
    for action, resources in granted(role).items():
        assert "*" not in action
        assert '"*"' not in resources
    assert "ManagedPolicyArns" not in properties(role)


@pytest.mark.parametrize(("function", "role"), FUNCTIONS.items())
def test_every_function_has_its_own_role_and_a_log_that_ends(function: str, role: str) -> None:
    assert properties(function)["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    logging = properties(function)["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert properties(logging["LogGroup"]["Ref"])["RetentionInDays"] == {"Ref": "LogRetention"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_exists(function: str) -> None:
    module, _, name = properties(function)["Handler"].partition(".")
    tree = ast.parse((ROOT / properties(function)["CodeUri"] / f"{module}.py").read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_reader_finds_every_variable_that_it_needs_in_its_environment() -> None:
    source = (ROOT / "functions/read_upload/read_upload.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"os\.environ(?:\[|\.get\()\"([A-Z_]+)\"", source))
    given = set(properties("ReadUpload")["Environment"]["Variables"])
    assert asked
    assert asked <= given


def test_what_both_functions_need_to_serve_one_stack_has_one_name() -> None:
    assert text(properties("ReadUpload")["Environment"]["Variables"]["SETTINGS_PATH"]) == "/stack"
    assert text(properties("OcrApiFunction")["Environment"]["Variables"]["SECRETS_PREFIX"]) == "stack"


@pytest.mark.parametrize("names", ["embedded", "tencent,huawei,embedded"])
def test_the_first_settings_are_good_settings(names: str) -> None:
    assert text(properties("Settings")["Name"]) == "/stack/settings"
    settings = Settings.model_validate_json(text(properties("Settings")["Value"], Vendors=names))
    assert ",".join(settings.vendors) == names


@pytest.mark.parametrize("vendor", vendors.names())
def test_every_vendor_has_settings_and_a_secret_that_the_reader_may_read(vendor: str) -> None:
    [parameter] = [
        each["Properties"]
        for each in of_type("AWS::SSM::Parameter").values()
        if text(each["Properties"]["Name"]) == f"/stack/vendors/{vendor}"
    ]
    endpoint = {"EmbeddedEndpoint": "https://ocr.example.com"}
    settings = VendorSettings.model_validate_json(text(parameter["Value"], **endpoint))
    [secret] = [
        name
        for name, each in of_type("AWS::SecretsManager::Secret").items()
        if text(each["Properties"]["Name"]) == settings.secret
    ]
    for role in FUNCTIONS.values():
        assert json.dumps({"Ref": secret}) in granted(role)["secretsmanager:GetSecretValue"]
    assert settings.endpoint or vendors.find(vendor).endpoint or settings.region


def test_there_are_no_settings_or_secrets_of_vendors_that_do_not_exist() -> None:
    assert len(of_type("AWS::SSM::Parameter")) == len(vendors.names()) + 1
    assert len(of_type("AWS::SecretsManager::Secret")) == len(vendors.names())


def test_no_secret_stands_in_the_template() -> None:
    for each in of_type("AWS::SecretsManager::Secret").values():
        assert "SecretString" not in each["Properties"]


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm"))
def test_every_alarm_tells_whoever_gave_an_address_and_says_what_to_think_of_silence(alarm: str) -> None:
    assert properties(alarm)["AlarmActions"] == {
        "Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]
    }
    assert properties(alarm)["TreatMissingData"] == "notBreaching"
    assert len(properties(alarm)["AlarmDescription"]) > 20


def test_the_refused_credentials_alarm_hears_the_metric_that_the_handler_sends() -> None:
    alarm = properties("CredentialsRefusedAlarm")
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    source = (ROOT / "functions/read_upload/read_upload.py").read_text(encoding="utf-8")
    assert f'add_metric("{alarm["MetricName"]}"' in source
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


@pytest.mark.parametrize(
    ("parameters", "api", "embedded"),
    [
        ({}, True, True),
        ({"OcrApi": "disabled"}, False, False),
        ({"OcrApi": "disabled", "EmbeddedEndpoint": "http://127.0.0.1:9001"}, False, True),
    ],
)
def test_the_ocr_api_can_be_left_out(parameters: dict[str, str], *, api: bool, embedded: bool) -> None:
    for name in ("OcrApiFunction", "OcrApiRole", "OcrApiLog", "LicenseEngineLayer", "LicenseModelsLayer"):
        assert holds(template()["Resources"][name]["Condition"], template(), parameters) is api
    assert holds(template()["Resources"]["EmbeddedSettings"]["Condition"], template(), parameters) is embedded


def test_everything_is_built_for_the_processor_that_it_runs_on() -> None:
    assert template()["Globals"]["Function"]["Architectures"] == [{"Ref": "Architecture"}]
    for name, layer in of_type("AWS::Serverless::LayerVersion").items():
        architecture = layer["Metadata"].get("BuildArchitecture")
        if layer["Metadata"]["BuildMethod"] == "makefile":
            assert layer["Properties"]["CompatibleArchitectures"] == ["x86_64", "arm64"], name
        else:
            assert architecture == {"Ref": "Architecture"}, name
            assert layer["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}], name


@pytest.mark.parametrize("build", [BUILD, OTHER_BUILD], ids=["this processor", "the other processor"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_and_its_layers_fit_into_lambda(function: str, build: Path) -> None:
    if build == OTHER_BUILD and not build.exists():
        pytest.skip("not built: `make build-other`, which .ci/run does before the tests")
    parts = [function, *(each["Ref"] for each in properties(function)["Layers"])]
    size = sum(path.stat().st_size for part in parts for path in (build / part).rglob("*") if path.is_file())
    assert 0 < size < UNZIPPED_LIMIT


def test_every_policy_that_is_not_followed_has_its_reason() -> None:
    for name, resource in template()["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 20, f"{name}: {skip['id']}"
