"""The local cloud for the tests of this folder: built and started once, with a stack of its own for each test."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from license_ocr import redrive, uploads
from license_ocr.account import STACK
from license_ocr.build import build
from license_ocr.checkout import BUILD, SAMPLES
from license_ocr.deploy import archive
from license_ocr.local_cloud import LocalCloud
from license_reader.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mypy_boto3_lambda.client import LambdaClient

    from license_ocr.account import Account, Resources
    from license_reader.ledger import Record


@pytest.fixture(scope="session")
def built() -> Path:
    """What `sam build` made of the tree as it stands."""
    build()
    return BUILD


@pytest.fixture(scope="session")
def cloud(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:  # noqa: ARG001
    """A local cloud on free ports, besides any that `license-ocr up` started."""
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    cloud.start(lambda _: None)
    yield cloud
    cloud.stop(purge=True)


@dataclass(frozen=True)
class Stack:
    """One deployed stack and what a test does with it."""

    name: str
    account: Account
    resources: Resources

    def upload(self, photo: Path, **metadata: str) -> uploads.Sent:
        """The photo as uploaded."""
        return uploads.send(self.account, self.resources, photo, prefix="uploads/", metadata=metadata)

    def record(self, sent: uploads.Sent, *, timeout: float = 60) -> Record:
        """The upload's record, once it is done and told; an upload that gets none fails the test."""
        for record in uploads.records(self.account, self.resources, [sent], timeout=timeout):
            return record
        pytest.fail(f"{sent.object} has no record after {timeout} seconds")

    def no_record(self, sent: uploads.Sent) -> bool:
        """Whether nothing was read of the upload."""
        record = Ledger(self.account.dynamodb, self.resources.Table).get(sent.object, sent.version)
        return record is None or record.license is None

    def records(self) -> int:
        """How many uploads the table knows; the marks of pictures seen before do not count."""
        items = self.account.dynamodb.scan(TableName=self.resources.Table)["Items"]
        return sum(item["object"]["S"].startswith("s3://") for item in items)

    def send(self, body: object) -> None:
        """Put a message of our own into the queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.account.sqs.send_message(QueueUrl=self.resources.Queue, MessageBody=text)

    def choose(self, settings: Mapping[str, Any]) -> None:
        """Change the settings."""
        self.account.ssm.put_parameter(Name=f"/{self.name}/settings", Value=json.dumps(settings), Overwrite=True)

    def configure(self, vendor: str, **settings: object) -> None:
        """Change some of a vendor's settings."""
        name = f"/{self.name}/vendors/{vendor}"
        standing = json.loads(self.account.ssm.get_parameter(Name=name)["Parameter"]["Value"])
        self.account.ssm.put_parameter(Name=name, Value=json.dumps(standing | settings), Overwrite=True)

    def renew(self) -> None:
        """Have the next upload read by a new environment, as after a deploy: it has cached no settings yet."""
        found = self.account.cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId="ReadUpload")
        functions: LambdaClient = self.account.session.client("lambda", endpoint_url=self.account.endpoint)
        functions.update_function_code(
            FunctionName=found["StackResourceDetail"]["PhysicalResourceId"], ZipFile=archive(BUILD / "ReadUpload")
        )

    def await_dead(self, count: int, *, timeout: float = 60) -> None:
        """Wait until the dead-letter queue holds this many messages."""
        self._await(lambda: redrive.waiting(self.account, self.resources.DeadLetters) == count, timeout, "dead letters")

    def await_idle(self, *, timeout: float = 60) -> None:
        """Wait until the queue holds nothing, neither waiting nor in flight."""
        self._await(lambda: self._held() == 0, timeout, "an empty queue")

    def _held(self) -> int:
        names: Sequence[Any] = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.account.sqs.get_queue_attributes(QueueUrl=self.resources.Queue, AttributeNames=names)
        return sum(map(int, answer["Attributes"].values()))

    def _await(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > until:
                pytest.fail(f"no {what} after {timeout} seconds")
            time.sleep(0.1)


type Deploy = Callable[..., Stack]


@pytest.fixture(scope="session")
def deploy(cloud: LocalCloud, built: Path) -> Deploy:
    """Deploys a new stack: its function is cold, so it sees the settings that a test makes before the first upload."""

    def deploy(name: str | None = None, *, visibility: int = 20, receives: int = 3) -> Stack:
        name = name or f"test-{uuid.uuid4().hex[:8]}"
        parameters = {"VisibilityTimeout": str(visibility), "MaxReceiveCount": str(receives)}
        cloud.deploy(name, build=built, tell=lambda _: None, parameters=parameters)
        account = cloud.require().account
        return Stack(name, account, account.resources(name))

    return deploy


@pytest.fixture(scope="session")
def shared(deploy: Deploy) -> Stack:
    """The stack that the commands mean, for the tests that leave its settings alone."""
    return deploy(STACK)


@pytest.fixture
def stack(deploy: Deploy) -> Stack:
    """A stack of the test's own, whose messages have the time to be read."""
    return deploy()


@pytest.fixture
def impatient(deploy: Deploy) -> Stack:
    """A stack of the test's own that gives up on a message within seconds."""
    return deploy(visibility=5, receives=2)


@pytest.fixture
def photo() -> Path:
    """A clean photo; what stands on it is in truth.json beside it."""
    return SAMPLES / "vehicle-front.jpg"


@pytest.fixture
def no_picture(tmp_path: Path) -> Path:
    """A file that is called a photo and is none."""
    path = tmp_path / "no picture.jpg"
    path.write_text("This is a text.", encoding="utf-8")
    return path


@pytest.fixture
def closed_port() -> Iterator[str]:
    """The URL of a port that refuses connections: bound, so that nobody else takes it, and not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
