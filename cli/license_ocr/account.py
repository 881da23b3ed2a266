"""Where a stack lives, an AWS account or the local cloud, and what the stack is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from license_ocr.failure import Failure

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

STACK = "license-ocr"
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=60)


class Resources(BaseModel):
    """What a stack's outputs name."""

    model_config = ConfigDict(frozen=True)

    Bucket: str
    Table: str
    Topic: str
    Queue: str
    DeadLetters: str


@dataclass(frozen=True)
class Account:
    """The clients of one account; without an endpoint it is the one that the environment's credentials belong to."""

    session: boto3.session.Session
    endpoint: str | None = None

    @classmethod
    @cache
    def local(cls, endpoint: str) -> Self:
        """The local cloud's account at this endpoint; its credentials are made up, real ones are never sent.

        The same whenever it is asked for: its clients take longer to make than to call.
        """
        return cls(
            boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"),  # noqa: S106
            endpoint,
        )

    @classmethod
    def aws(cls) -> Self:
        """The account that the environment's credentials belong to."""
        return cls(boto3.session.Session())

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation."""
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return self.session.client("sqs", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return self.session.client("sns", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def ssm(self) -> SSMClient:
        """Parameter Store."""
        return self.session.client("ssm", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return self.session.client("secretsmanager", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def stepfunctions(self) -> Any:
        """Step Functions."""
        return self.session.client("stepfunctions", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch's metrics and alarms."""
        return self.session.client("cloudwatch", endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def logs(self) -> Any:
        """CloudWatch's logs."""
        return self.session.client("logs", endpoint_url=self.endpoint, config=_CONFIG)

    def resources(self, stack: str) -> Resources:
        """What the stack's outputs name.

        Raises:
            Failure: there is no such stack, or it is not one of ours.
        """
        where = self.endpoint or f"AWS, region {self.session.region_name or '(none set)'}"
        try:
            found = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except (BotoCoreError, ClientError) as error:
            raise Failure(f"stack {stack} cannot be found at {where}: {error}") from error
        try:
            return Resources.model_validate({each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]})
        except (KeyError, ValidationError) as error:
            raise Failure(f"stack {stack} at {where} is {found['StackStatus']} and lacks our outputs") from error
