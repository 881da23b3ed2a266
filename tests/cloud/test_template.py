"""The template says what the local cloud does not enforce: who may do what, what is kept, and who is told."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from license_ocr.checkout import BUILD, ROOT
from license_ocr.deploy import holds, load_template
from license_reader import vendors
from license_reader.backfill import Batch, Listed
from license_reader.errors import NothingRead
from license_reader.settings import Settings, VendorSettings

type Json = dict[str, Any]

READABLE = 56_000
OTHER_BUILD = BUILD.parent / "other"
UNZIPPED_LIMIT = 250 * 1024 * 1024
FUNCTIONS = {"ReadUpload": "ReadUploadRole", "OcrApiFunction": "OcrApiRole", "BackfillLook": "BackfillLookRole"}
ASKS_VENDORS = ("ReadUploadRole", "OcrApiRole")
NO_VALUE = {"Ref": "AWS::NoValue"}
KEY = "arn:aws:kms:r:123456789012:key/1234abcd"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
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


def resolved(value: Any, **parameters: str) -> Any:
    """The value with every condition decided under these parameters, and what is no value left out."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            return resolved(yes if holds(condition, template(), parameters) else no, **parameters)
        case dict():
            members = {name: resolved(each, **parameters) for name, each in value.items()}
            return {name: each for name, each in members.items() if each != NO_VALUE}
        case list():
            return [each for each in (resolved(each, **parameters) for each in value) if each != NO_VALUE]
        case _:
            return value


def granted(role: str, **parameters: str) -> dict[str, set[str]]:
    """Each action that a role allows under these parameters, with the resources it allows it on, as JSON."""
    grants: dict[str, set[str]] = {}
    for policy in resolved(properties(role)["Policies"], **parameters):
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
            filled = re.sub(r"\$\{([^!}][^}]*)\}", lambda found: known.get(found[1], f"<{found[1]}>"), form)
            return filled.replace("${!", "${")
        case {"Fn::Sub": [form, names]}:
            inner = {name: text(each, **parameters) for name, each in names.items()}
            return text({"Fn::Sub": form}, **parameters | inner)
        case {"Fn::Join": [between, {"Ref": str(name)}]}:
            return str(between).join(known[name].split(","))
        case {"Fn::If": ["HasOwnEndpoint", own, _]}:
            return text(own, **parameters)
    raise AssertionError(f"no text is known for {value}")


def test_it_is_built_whole_and_stays_small_enough_to_be_read() -> None:
    built = load_template(BUILD / "template.yaml")
    assert set(built["Resources"]) == set(template()["Resources"])
    assert len((ROOT / "template.yaml").read_bytes()) < READABLE


def machine() -> Json:
    """The backfill's definition, with every name that it holds filled in."""
    definition: Json = json.loads(text(properties("Backfill")["DefinitionString"], MaximumConcurrency="5"))
    return definition


def test_a_backfill_lists_a_bucket_in_batches_no_more_of_them_at_once_than_readers() -> None:
    objects = machine()["States"]["Objects"]
    assert objects["ItemReader"]["Resource"] == "arn:aws:states:::s3:listObjectsV2"
    assert objects["ItemReader"]["Parameters"] == {"Bucket.$": "$.bucket", "Prefix.$": "$.prefix"}
    assert objects["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert objects["ItemBatcher"] == {"MaxItemsPerBatch": 100}
    # A number, not a text: this is what keeps the queue short.
    assert objects["MaxConcurrency"] == 5
    # With a tolerance the line would go on where nothing can be read.
    assert not [name for name in objects if name.startswith("Tolerated")]
    assert {name.removesuffix(".$") for name in objects["ItemSelector"]} == set(Listed.model_fields)


def test_a_look_is_repeated_after_the_wait_that_it_asks_for_and_stops_the_line_when_it_says_so() -> None:
    states = machine()["States"]["Objects"]["ItemProcessor"]["States"]
    assert states["Look"]["Parameters"] == {"FunctionName": "<BackfillLook.Arn>", "Payload.$": "$"}
    assert states["Look"]["OutputPath"] == "$.Payload"
    never, others = states["Look"]["Retry"]
    assert (never["ErrorEquals"], never["MaxAttempts"]) == ([NothingRead.__name__], 0)
    assert others["ErrorEquals"] == ["States.ALL"]
    assert states["Enough"] == {
        "Type": "Choice",
        "Choices": [{"Variable": "$.wait", "NumericEquals": 0, "Next": "Done"}],
        "Default": "Wait",
    }
    assert (states["Wait"]["SecondsPath"], states["Wait"]["Next"]) == ("$.wait", "Look")
    # All batches' results are one text of 256 KB at most, so each is as short as can be.
    assert states["Done"] == {"Type": "Succeed", "InputPath": "$.wait"}
    assert "wait" in Batch.model_fields


def test_a_backfill_may_list_start_and_look_and_a_look_may_tell_the_queue() -> None:
    assert set(granted("BackfillRole")) == {
        "s3:ListBucket",
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "lambda:InvokeFunction",
    }
    assert set(granted("BackfillLookRole")) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
        "sqs:SendMessage",
        "dynamodb:Query",
        "dynamodb:PutItem",
    }
    [states] = {text(json.loads(each)) for each in granted("BackfillRole")["states:StartExecution"]}
    assert states.endswith(f":stateMachine:{text(properties('Backfill')['StateMachineName'])}")
    assert granted("BackfillLookRole")["sqs:SendMessage"] == {json.dumps({"Fn::GetAtt": ["UploadQueue", "Arn"]})}


def test_another_bucket_is_opened_to_readers_and_backfills_alone_and_only_by_name() -> None:
    policy = template()["Resources"]["BackfillBucketPolicy"]
    assert not holds(policy["Condition"], template(), {})
    assert holds(policy["Condition"], template(), {"BackfillBucket": "old-photos"})
    assert {each["Ref"] for each in policy["Properties"]["Roles"]} == {
        "ReadUploadRole",
        "BackfillRole",
        "BackfillLookRole",
    }
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {"s3:ListBucket", "s3:GetObject", "s3:GetObjectVersion"}
    assert [text(each, BackfillBucket="old-photos") for each in statement["Resource"]] == [
        "arn:aws:s3:::old-photos",
        "arn:aws:s3:::old-photos/*",
    ]


def test_a_look_finds_what_it_needs_in_its_environment() -> None:
    source = (ROOT / "functions/backfill/backfill.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"os\.environ\[\"([A-Z_]+)\"", source))
    given = properties("BackfillLook")["Environment"]["Variables"]
    assert asked
    assert asked <= set(given)
    assert given["QUEUE_URL"] == {"Ref": "UploadQueue"}


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
        ("AlarmTopicPolicy", "sns:Publish"),
    ],
)
def test_nobody_may_speak_without_tls(policy: str, action: str) -> None:
    deny = statements(policy)["TlsOnly"]
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", action)
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_whatever_is_spoken_to_over_the_network_has_a_policy_that_asks_for_tls() -> None:
    kinds = {"AWS::S3::Bucket": "Bucket", "AWS::SQS::Queue": "Queues", "AWS::SNS::Topic": "Topics"}
    spoken_to = {name for kind in kinds for name in of_type(kind)}
    guarded = set()
    for policy in template()["Resources"].values():
        for member in kinds.values():
            if policy["Type"].endswith("Policy") and member in policy["Properties"]:
                listed = policy["Properties"][member]
                guarded |= {each["Ref"] for each in (listed if isinstance(listed, list) else [listed])}
    assert guarded == spoken_to


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
    assert resolved(table["SSESpecification"]) == {"SSEEnabled": True, "SSEType": "KMS"}
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
    for action, resources in granted(role, KmsKeyArn=KEY).items():
        assert "*" not in action
        assert '"*"' not in resources
    assert "ManagedPolicyArns" not in properties(role)


# What each action is needed for: the place that calls it, or Lambda itself on the function's behalf.
CALLERS = {
    "logs:CreateLogStream": "Lambda",
    "logs:PutLogEvents": "Lambda",
    "sqs:ReceiveMessage": "Lambda",
    "sqs:DeleteMessage": "Lambda",
    "sqs:GetQueueAttributes": "Lambda",
    "s3:GetObject": ".get_object(",
    "s3:GetObjectVersion": ".get_object(",
    "s3:ListBucket": ".get_object(",  # S3 says "no such key" only to who may list
    "dynamodb:PutItem": ".put_item(",
    "dynamodb:UpdateItem": ".update_item(",
    "dynamodb:Query": ".query(",
    "sqs:SendMessage": ".send_message_batch(",
    "sns:Publish": ".publish(",
    "ssm:GetParametersByPath": ".get_multiple(",
    "secretsmanager:GetSecretValue": "SecretsProvider(",
}


def test_every_action_that_is_granted_has_a_caller() -> None:
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/license_reader").rglob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    for role in FUNCTIONS.values():
        for action in granted(role):
            assert CALLERS[action] == "Lambda" or CALLERS[action] in code, f"{role}: {action}"


KEY_OF = {
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}


def test_a_key_of_ones_own_encrypts_whatever_is_stored_and_without_one_the_services_do() -> None:
    for kind, name in KEY_OF.items():
        for resource, each in of_type(kind).items():
            assert resolved(each["Properties"], KmsKeyArn=KEY)[name] == {"Ref": "KmsKeyArn"}, resource
            assert resolved(each["Properties"]).get(name) in {None, "alias/aws/sns"}, resource
    for queue in of_type("AWS::SQS::Queue").values():
        assert resolved(queue["Properties"])["SqsManagedSseEnabled"] is True
        assert "SqsManagedSseEnabled" not in resolved(queue["Properties"], KmsKeyArn=KEY)
    table = properties("ResultTable")["SSESpecification"]
    assert resolved(table, KmsKeyArn=KEY)["KMSMasterKeyId"] == {"Ref": "KmsKeyArn"}
    encryption = properties("UploadBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [rule] = resolved(encryption, KmsKeyArn=KEY)
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}}
    assert rule["BucketKeyEnabled"] is True
    assert resolved(encryption) == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


# Which services a function asks for what is encrypted, by what it does with the key.
KEY_USES = {
    "ReadUploadRole": {
        "kms:Decrypt": {"s3", "sqs", "sns", "dynamodb", "secretsmanager"},
        "kms:GenerateDataKey": {"sns"},
    },
    "OcrApiRole": {"kms:Decrypt": {"secretsmanager"}},
    "BackfillLookRole": {
        "kms:Decrypt": {"s3", "sqs", "dynamodb"},
        "kms:GenerateDataKey": {"s3", "sqs", "dynamodb"},
    },
}


@pytest.mark.parametrize("role", FUNCTIONS.values())
def test_a_role_uses_the_key_only_through_the_services_that_it_speaks_to_and_only_if_there_is_one(role: str) -> None:
    assert not [action for action in granted(role) if action.startswith("kms:")]
    uses: dict[str, set[str]] = {}
    for policy in resolved(properties(role)["Policies"], KmsKeyArn=KEY):
        for each in policy["PolicyDocument"]["Statement"]:
            actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
            for action in (action for action in actions if action.startswith("kms:")):
                assert each["Resource"] == {"Ref": "KmsKeyArn"}
                via = each["Condition"]["StringEquals"]["kms:ViaService"]
                services = {text(one, **{"AWS::URLSuffix": "aws"}) for one in (via if isinstance(via, list) else [via])}
                assert all(service.endswith(".r.aws") for service in services)
                uses[action] = {service.partition(".")[0] for service in services}
    assert uses == KEY_USES[role]


@pytest.mark.parametrize("service", ["s3.amazonaws.com", "cloudwatch.amazonaws.com", "logs.<region>.amazonaws.com"])
def test_the_keys_policy_is_told_for_every_service_that_uses_it_by_itself(service: str) -> None:
    policy = json.loads(OPERATIONS.split("```json\n", 1)[1].split("```")[0])
    principals = {each["Principal"].get("Service") for each in policy["Statement"]}
    assert service in principals
    assert "## The key's policy" in OPERATIONS
    assert '"The key\'s policy" in docs/operations.md' in template()["Parameters"]["KmsKeyArn"]["Description"]


NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
}


def test_an_auditor_meets_names_that_say_whose_they_are_and_they_fit() -> None:
    longest = {"AWS::StackName": "s" * 27, "AWS::Region": "ap-southeast-1"}
    for kind, member in NAMES.items():
        found = [each["Properties"][member] for each in of_type(kind).values()]
        assert found
        names = [text(each, **longest) for each in found]
        assert all("s" * 27 in name for name in names), names
        assert len(set(names)) == len(names)
        assert all(len(name) <= 64 for name in names), names
    for function in FUNCTIONS:
        log = properties(properties(function)["LoggingConfig"]["LogGroup"]["Ref"])["LogGroupName"]
        assert text(log) == f"/aws/lambda/{text(properties(function)['FunctionName'])}"


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
    for role in ASKS_VENDORS:
        assert json.dumps({"Ref": secret}) in granted(role)["secretsmanager:GetSecretValue"]
    assert settings.endpoint or vendors.find(vendor).endpoint or settings.region


def test_there_are_no_settings_or_secrets_of_vendors_that_do_not_exist() -> None:
    assert len(of_type("AWS::SSM::Parameter")) == len(vendors.names()) + 1
    assert len(of_type("AWS::SecretsManager::Secret")) == len(vendors.names())


def test_no_secret_stands_in_the_template() -> None:
    for each in of_type("AWS::SecretsManager::Secret").values():
        assert "SecretString" not in each["Properties"]


ALARMS = of_type("AWS::CloudWatch::Alarm")


def called(alarm: str) -> str:
    """An alarm's name without the stack's."""
    return text(properties(alarm)["AlarmName"]).removeprefix("stack-")


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_tells_whoever_gave_an_address_and_says_what_to_think_of_silence(alarm: str) -> None:
    told = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], NO_VALUE]}
    assert properties(alarm)["AlarmActions"] == told
    assert properties(alarm)["OKActions"] == told
    assert properties(alarm)["TreatMissingData"] == "notBreaching"
    assert properties(alarm)["AlarmDescription"].endswith(f"Runbook: {called(alarm)}, in docs/operations.md.")


def test_a_stack_on_aws_has_every_alarm_of_what_it_has() -> None:
    for name, alarm in ALARMS.items():
        assert "Condition" not in alarm or holds(alarm["Condition"], template(), {}), name
        without = {"OcrApi": "disabled", "Vendors": "tencent"}
        assert ("Condition" not in alarm or holds(alarm["Condition"], template(), without)) != name.startswith("OcrApi")


def test_only_our_alarms_may_speak_on_their_topic() -> None:
    [allowed] = [each for each in statements("AlarmTopicPolicy").values() if each["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert text(allowed["Condition"]["ArnLike"]["aws:SourceArn"]) == "arn:aws:cloudwatch:r:123456789012:alarm:stack-*"


def runbook() -> dict[str, str]:
    """The runbook's sections by their headings."""
    book = OPERATIONS.split("\n## Runbook\n", 1)[1].split("\n## ", 1)[0]
    return {heading: body for heading, _, body in (part.partition("\n") for part in book.split("\n### ")[1:])}


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() -> None:
    assert sorted(runbook()) == sorted(map(called, ALARMS))


@pytest.mark.parametrize("section", runbook())
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(section: str) -> None:
    body = runbook()[section]
    places = [body.index(f"**{step}**") for step in ("Means.", "Look.", "Do.", "Over when.")]
    assert places == sorted(places)
    assert "```sh" in body


def heard(alarm: str) -> list[Json]:
    """The metrics that an alarm listens to."""
    if "Metrics" not in properties(alarm):
        return [properties(alarm)]
    queries = properties(alarm)["Metrics"]
    return [each["MetricStat"]["Metric"] for each in queries if "MetricStat" in each]


def named(metric: Json) -> dict[str, str]:
    return {each["Name"]: text(each["Value"]) for each in metric["Dimensions"]}


def test_the_alarms_hear_the_metrics_that_the_handler_sends() -> None:
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    source = (ROOT / "functions/read_upload/read_upload.py").read_text(encoding="utf-8")
    ours = [metric for alarm in ALARMS for metric in heard(alarm) if metric["Namespace"] == "LicenseOcr"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "LicenseOcr"
    # Two stacks of one account must not hear each other.
    assert text(variables["POWERTOOLS_SERVICE_NAME"]) == "stack"
    assert {named(metric)["service"] for metric in ours} == {"stack"}
    names = {metric["MetricName"] for metric in ours}
    assert names == {"CredentialsRefused", "VendorCapped", "VendorLatency", "VendorFailed", "Parked"}
    assert all(f'"{name}"' in source for name in names), names


@pytest.mark.parametrize("alarm", ["CredentialsRefusedAlarm", "VendorCappedAlarm", "VendorFailuresAlarm"])
def test_an_alarm_about_vendors_hears_all_of_them_and_counts_each(alarm: str) -> None:
    assert {named(metric)["vendor"] for metric in heard(alarm)} == set(vendors.names())
    judged, *metrics = properties(alarm)["Metrics"]
    words = set(re.findall(r"[a-z_]+", judged["Expression"]))
    assert words == {each["Id"] for each in metrics}
    assert not any(each["ReturnData"] for each in metrics)


def test_the_share_of_failures_is_that_of_one_vendor_and_of_enough_calls() -> None:
    judged, *metrics = properties("VendorFailuresAlarm")["Metrics"]
    by_id = {each["Id"]: each["MetricStat"] for each in metrics}
    shares = re.findall(r"IF\((\w+) >= 10, 100 \* (\w+) / (\w+), 0\)", judged["Expression"])
    assert len(shares) == len(vendors.names())
    for enough, failed, calls in shares:
        assert enough == calls
        assert named(by_id[failed]["Metric"]) == named(by_id[calls]["Metric"])
        assert (by_id[failed]["Metric"]["MetricName"], by_id[failed]["Stat"]) == ("VendorFailed", "Sum")
        assert (by_id[calls]["Metric"]["MetricName"], by_id[calls]["Stat"]) == ("VendorLatency", "SampleCount")


def test_the_dashboard_shows_vendors_queues_and_functions_of_this_stack_alone() -> None:
    board = json.loads(text(properties("Dashboard")["DashboardBody"]))
    shown = json.dumps(board)
    for metric in (
        *("VendorLatency", "VendorFailed", "VendorCharged", "VendorFlagged", "VendorCapped"),
        *("CredentialsRefused", "Flagged", "Parked"),
        *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "ConcurrentExecutions", "Throttles"),
    ):
        assert metric in shown
    for widget in board["widgets"]:
        assert widget["properties"]["region"] == "r"
        for metric in widget["properties"].get("metrics", []):
            assert "stack" in json.dumps(metric) or "Queue.QueueName" in json.dumps(metric), metric
    # `${PROP(...)}` is CloudWatch's own, not a name for CloudFormation to fill in.
    assert "${PROP('Dim.vendor')}" in shown


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
        told = layer["Metadata"].get("WorkingDirectory")
        if told is None:
            assert layer["Properties"]["CompatibleArchitectures"] == ["x86_64", "arm64"], name
        else:
            folder = Path(layer["Properties"]["ContentUri"]) / "processors"
            assert told == {"Fn::Sub": f"{folder}/${{Architecture}}"}, name
            assert {path.name for path in (ROOT / folder).iterdir()} == {"x86_64", "arm64"}, name
            assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}, name
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
