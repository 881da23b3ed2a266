"""Huawei Cloud's IAM as a server: the login for a token, by password.

Sources: https://support.huaweicloud.com/api-iam/iam_30_0001.html; the models of huaweicloudsdkiam 3.1.219.

- Tokens are stateless (`tokens.py`), scoped to the account's project by its name or id, or to the domain.
- Ids of users, domains and roles are made from names; MFA, agencies and temporary keys are not spoken.
- The SDK signs this request as it signs all; nothing looks at that.
- No more than ten logins a second are tried, so that guessing is slow.
"""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

import tokens
from credentials import same
from exchange import json_response
from license_reader.vendors.huawei import TOKEN_HEADER, TOKENS_PATH
from service import Refused, Trouble
from tenants import Known, Tenant, id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange import Request, Response
    from service import Service

MAX_BODY = 64 * 1024
PER_SECOND = 10

# Our codes: the HTTP status with its title, and the message.
_ERRORS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("Bad Request", "The request body is invalid."),
        401: ("Unauthorized", "The username or password is wrong."),
        404: ("Not Found", "The resource is not found."),
        413: ("Request Entity Too Large", f"The request is too large: at most {MAX_BODY} bytes are taken."),
        429: ("Too Many Requests", f"Too many logins: at most {PER_SECOND} a second are tried."),
        500: ("Internal Server Error", "An internal error occurred."),
        503: ("Service Unavailable", "The service has no credentials for this API."),
    }
)
_TROUBLES: Mapping[Trouble, int] = MappingProxyType(
    {
        Trouble.INTERNAL: 500,
        Trouble.BUSY: 429,
        Trouble.UNAVAILABLE: 503,
        Trouble.TOO_LARGE: 413,
        Trouble.EXPIRED: 401,
    }
)


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return request.method == "POST" and request.path == TOKENS_PATH


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    try:
        return _log_in(request, service)
    except Refused as refused:
        return _error(request, int(refused.code), refused.message)


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(request, _TROUBLES[trouble])


def _error(request: Request, status: int, reason: str = "") -> Response:
    """The error, its usual message followed by a reason."""
    title, usual = _ERRORS[status]
    fault = {"code": status, "message": " ".join(filter(None, (usual, reason))), "title": title}
    return json_response(status, {"error": fault}, {"X-Request-Id": request.id})


# What is asked.


class _Told(BaseModel):
    """A part of a request's JSON; what it does not know is left alone."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class _Named(_Told):
    id: str | None = None
    name: str | None = None

    def names(self, what: Mapping[str, str]) -> bool:
        """Whether this is named, by id, by name or by both."""
        named = self.model_dump(exclude_none=True)
        return bool(named) and named.items() <= what.items()


class _Scope(_Told):
    project: _Named | None = None
    domain: _Named | None = None


class _UserDomain(_Told):
    name: str


class _User(_Told):
    name: str
    password: SecretStr
    domain: _UserDomain


class _Password(_Told):
    user: _User


class _Identity(_Told):
    methods: list[str]
    password: _Password


class _Auth(_Told):
    identity: _Identity
    scope: _Scope | None = None


class _Login(_Told):
    auth: _Auth


def _log_in(request: Request, service: Service) -> Response:
    """The response with a token in its header."""
    auth = _login(request)
    if not service.rates.taken("huawei logins", per_second=PER_SECOND):
        raise Refused("429")
    known, account = service.admit("huawei", Known, lambda known: (known, _account(auth.identity, known)))
    domain = {"id": id_of("domain", account.domain), "name": account.domain}
    scope = _scope(auth.scope, {"id": known.project_id or "", "name": account.project}, domain)
    user = {"id": account.user_id, "name": account.user}
    now = service.clock()
    token = tokens.Token.fresh(user["id"], known.project_id if "project" in scope else None, now=now)
    told = {
        "expires_at": _moment(token.expires),
        "issued_at": _moment(now),
        "methods": ["password"],
        "catalog": [],
        "roles": [{"id": id_of("role", "ocr"), "name": "ocr"}],
        "user": {**user, "domain": domain, "password_expires_at": ""},
        **scope,
    }
    headers = {"X-Request-Id": request.id, TOKEN_HEADER: tokens.sealed(token, account.token_key)}
    return json_response(201, {"token": told}, headers)


def _login(request: Request) -> _Auth:
    """What the body asks for."""
    if len(request.body) > MAX_BODY:
        raise Refused("413")
    try:
        auth = _Login.model_validate_json(request.body).auth
    except ValidationError as error:
        name = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))  # names of ours
        wrong = f"`{name}` is missing or of the wrong type." if name else "It is not a JSON object."
        raise Refused("400", wrong) from None
    if auth.identity.methods != ["password"]:
        raise Refused("400", '`auth.identity.methods` must be ["password"].')
    return auth


def _account(identity: _Identity, known: Known) -> Tenant:
    """The account that the caller has the password of; each of the three is compared, whatever the others are."""
    account, told = known.account, identity.password.user
    if account is None:
        raise Refused("401")
    domain, user = same(told.domain.name, account.domain), same(told.name, account.user)
    password = same(told.password.get_secret_value(), account.password.get_secret_value())
    if not (domain and user and password):
        raise Refused("401")
    return account


def _scope(asked: _Scope | None, project: Mapping[str, str], domain: Mapping[str, str]) -> dict[str, Any]:
    """What the token is good for, as the answer tells it; nothing asked is the user's own domain."""
    match asked:
        case None:
            return {"domain": domain}
        case _Scope(project=_Named() as named, domain=None):
            if not named.names(project):
                raise Refused("404", "The user has no such project; `auth.scope.project` wants its name or its id.")
            return {"project": {**project, "domain": domain}}
        case _Scope(project=None, domain=_Named() as named):
            if not named.names(domain):
                raise Refused("404", "The user is not of this domain; `auth.scope.domain` wants its name or its id.")
            return {"domain": domain}
    raise Refused("400", "`auth.scope` must hold either `project` or `domain`.")


def _moment(timestamp: float) -> str:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
