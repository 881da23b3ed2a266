"""A bare function: clients for the services that the reader calls, and nothing else."""

from __future__ import annotations

import boto3

SERVICES = ("ssm", "secretsmanager", "s3", "dynamodb", "sns")

session = boto3.session.Session()
# Each service is its own type to the stubs: mypy cannot tell them apart by a variable.
clients = {service: session.client(service) for service in SERVICES}  # type: ignore[call-overload]


def handler(_event: object, _context: object) -> list[str]:
    """The services that it could call."""
    return sorted(clients)
