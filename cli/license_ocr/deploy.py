"""The output of `sam build`, put into the local cloud as CloudFormation would: the project's own template is what runs.

The emulator does the SAM transform itself, so the only thing left of `sam deploy` is to upload what was built; done
here, it takes a third of a second instead of ten.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError

from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from license_ocr.account import Account

ARTIFACTS = "license-ocr-artifacts"
# The property that names what was built, by the resource's type.
_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_TIMEOUT = 120


def deploy(
    account: Account, stack: str, *, build: Path, parameters: Mapping[str, str], tell: Callable[[str], None]
) -> None:
    """Create the stack or bring it up to date from what was built in `build`.

    Raises:
        Failure: nothing was built, or the stack failed; the text names the resource and its reason.
    """
    template = _uploaded(account, load_template(build / "template.yaml"), build, parameters, tell)
    body = json.dumps(template, ensure_ascii=False, separators=(",", ":"))
    # As `sam deploy` does: what is given inline may have 51,200 bytes at most.
    account.s3.put_object(Bucket=ARTIFACTS, Key=f"{stack}.template", Body=body.encode())
    tell(f"deploying stack {stack}")
    cloudformation = account.cloudformation
    ask = cloudformation.update_stack if _exists(account, stack) else cloudformation.create_stack
    try:
        ask(
            StackName=stack,
            TemplateURL=f"{account.endpoint}/{ARTIFACTS}/{stack}.template",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise Failure(f"stack {stack} was refused: {error}") from error
    _await(account, stack)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load_template(path: Path) -> dict[str, Any]:
    """The template with every short form (`!Ref`) written out, as JSON has it.

    Raises:
        Failure: there is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Failure(f"{path} is missing; run `make build`") from error
    template: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return template


def holds(condition: object, template: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    """Whether a condition of the template is true under these parameters."""
    match condition:
        case str(name) | {"Condition": str(name)}:
            return holds(template["Conditions"][name], template, parameters)
        case {"Fn::Equals": [{"Ref": str(name)}, value]}:
            return parameters.get(name, str(template["Parameters"][name]["Default"])) == str(value)
        case {"Fn::Not": [inner]}:
            return not holds(inner, template, parameters)
        case {"Fn::And": list(parts)}:
            return all(holds(part, template, parameters) for part in parts)
        case {"Fn::Or": list(parts)}:
            return any(holds(part, template, parameters) for part in parts)
        case _:
            raise Failure(f"template.yaml has a condition of a form that is not known here: {condition}")


def _uploaded(
    account: Account,
    template: dict[str, Any],
    build: Path,
    parameters: Mapping[str, str],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """The template with every artifact's path replaced by where it was uploaded to.

    What a condition leaves out is named but not uploaded: the engine's layer alone has 150 MB.
    """
    account.s3.create_bucket(Bucket=ARTIFACTS)
    for name, resource in template["Resources"].items():
        code = _CODE.get(resource["Type"])
        if code is None:
            continue
        key = f"{name}-left-out"
        if "Condition" not in resource or holds(resource["Condition"], template, parameters):
            content = archive(build / resource["Properties"][code])
            key = f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
            if not _stored(account, key):
                tell(f"uploading {name}")
                account.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=content)
        resource["Properties"][code] = f"s3://{ARTIFACTS}/{key}"
        if "Events" in resource["Properties"]:
            resource["Properties"]["Events"] = _numbered(resource["Properties"]["Events"], template, parameters)
    return template


def _numbered(value: Any, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """The same JSON with the numbers that its references stand for.

    CloudFormation turns a Number parameter into what the property wants; the emulator hands an event source the text,
    and its poller then fails to compare it.
    """
    match value:
        case {"Ref": str(name)} if template["Parameters"].get(name, {}).get("Type") == "Number":
            return int(parameters.get(name, template["Parameters"][name]["Default"]))
        case dict():
            return {key: _numbered(each, template, parameters) for key, each in value.items()}
        case list():
            return [_numbered(each, template, parameters) for each in value]
        case _:
            return value


def archive(folder: Path) -> bytes:
    """The folder as a zip file that is the same for the same content; stored, for nothing travels far."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.external_attr = (path.stat().st_mode & 0o777) << 16
                out.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _stored(account: Account, key: str) -> bool:
    """Whether an artifact is there from an earlier deploy: its key tells its content."""
    try:
        account.s3.head_object(Bucket=ARTIFACTS, Key=key)
    except ClientError:
        return False
    return True


def _exists(account: Account, stack: str) -> bool:
    try:
        found = account.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return False
    return any(each["StackStatus"] != "DELETE_COMPLETE" for each in found)


def _await(account: Account, stack: str) -> None:
    until = time.monotonic() + _TIMEOUT
    while time.monotonic() < until:
        status = account.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return
        if not status.endswith("_IN_PROGRESS"):
            raise Failure(f"stack {stack} is {status}:\n" + "\n".join(_complaints(account, stack)))
        time.sleep(0.05)
    raise Failure(f"stack {stack} is still {status} after {_TIMEOUT} seconds")


def _complaints(account: Account, stack: str) -> list[str]:
    """The resources that failed and why, the first to fail first."""
    events = account.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return [
        f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {event.get('ResourceStatusReason', status)}"
        for event in reversed(events)
        if (status := event.get("ResourceStatus", "")).endswith("_FAILED")
    ] or ["  no event says why; see the emulator's log"]
