"""The native contract in OpenAPI's words, made from its tables and the record's models, so that it cannot drift.

Imported when it is asked for: no other request has to wait for the schemas.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from license_reader.flags import SEVERITY, Flag, Severity
from license_reader.image import DECODERS, MAX_PIXELS, MIN_EDGE
from license_reader.license import (
    FIELDS,
    Dimensions,
    Document,
    DrivingLicense,
    Form,
    Inspection,
    License,
    Side,
    VehicleLicense,
)
from license_reader.vendors.embedded import MAX_BYTES as MAX_DEPLOYED
from license_reader.vendors.embedded import PATH
from native_contract import (
    BESIDES,
    DESCRIPTION_PATH,
    ERRORS,
    KEY_HEADER,
    MAX_BYTES,
    METHODS,
    PAGE,
    PRIVATE,
    PUBLIC,
    UNTOLD,
    told,
    told_error,
    told_nothing,
)
from service import NoLicense

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
    from pydantic_core.core_schema import (
        DataclassField,
        ModelField,
        NullableSchema,
        TypedDictField,
        WithDefaultSchema,
    )

    type Schema = dict[str, Any]

_SCHEMAS = "#/components/schemas/"

# Our codes -> what they mean, and what to do.
_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "invalid_request": "A parameter is unknown, empty, given twice or none of its values, or the body is empty. "
        "The message names it; mend the request.",
        "unauthorized": f"The header `{KEY_HEADER}` is missing, or not the key of this service.",
        "not_found": "Nothing is served at this path. A slash at its end makes it another path.",
        "method_not_allowed": "The path does not take this method; `Allow` names those that it takes.",
        "too_large": f"The picture has more than {MAX_BYTES:,} bytes or {MAX_PIXELS:,} pixels. Send a smaller one.",
        "unsupported_format": f"The body is no picture, or none of {', '.join(DECODERS)}. The message says what it "
        "looks like, and for a phone's formats how to convert them.",
        "not_a_picture": f"The picture is damaged, or has an edge of less than {MIN_EDGE} pixels. Take another one.",
        "busy": "So many pictures wait that this one was turned away unread. Ask again in `Retry-After` seconds.",
        "internal": "The request could not be answered, for a reason of the service's own. Ask again; its log tells "
        "more, under the `request_id`.",
        "unavailable": "Nobody has set up a key for this API. Once one is, it is seen within `Retry-After` seconds.",
    }
)
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Allow": "The methods that the path takes.",
        "Cache-Control": "How long the response may be kept: one with personal data never is.",
        "Retry-After": "Seconds after which it is worth asking again.",
        "WWW-Authenticate": f"What HTTP wants of a 401. The key travels in `{KEY_HEADER}` all the same. AWS may "
        "rename this header on its way.",
        "X-Content-Type-Options": "The content is what `Content-Type` says.",
    }
)

# What each property holds, by schema; first the label that is printed before it.
_HELD: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "VehicleLicense": {
            "plate_no": "号牌号码, in capitals, without the dot: `川AB10443`. Of both pages, the main page's.",
            "vehicle_type": "车辆类型, as GA/T 16.4 names it: `小型轿车`.",
            "owner": "所有人: a person or a company.",
            "address": "住址.",
            "use_character": "使用性质, as GA/T 16.3 names it: `非营运`.",
            "brand_model": "品牌型号.",
            "vin": "车辆识别代号: 17 capitals and digits, unless what is printed is another number.",
            "engine_no": "发动机号码. O and 0 look alike in most prints; see its confidence.",
            "register_date": "注册日期, as YYYY-MM-DD.",
            "issue_date": "发证日期, as YYYY-MM-DD.",
            "issuing_authority": "The seal: the traffic police who issued the license.",
            "status": "状态, of an electronic license: `正常`.",
            "inspection_valid_until": "检验有效期至, of an electronic license: the last valid month, as YYYY-MM.",
            "generated_at": "生成时间, of an electronic license, as shown.",
            "scrap_date": "强制报废期止, of an electronic license, as YYYY-MM-DD.",
            "back_plate_no": "号牌号码 of the side page, where one picture shows both pages.",
            "file_no": "档案编号: twelve digits today, letters and dashes in older ones.",
            "passengers": "核定载人数, where it is one number.",
            "passengers_text": "核定载人数 as printed: `5人`, `驾驶室2人`.",
            "gross_mass_kg": "总质量, in kg.",
            "curb_mass_kg": "整备质量, in kg.",
            "rated_load_kg": "核定载质量, in kg.",
            "towing_mass_kg": "准牵引总质量, in kg.",
            "dimensions": "外廓尺寸.",
            "remarks": "备注.",
            "inspection": "检验记录.",
            "barcode": "The number under the barcode, without asterisks.",
            "energy_type": "能源种类 or 燃料种类: `汽油`.",
            "body_color": "车身颜色, of an electronic license.",
            "min_use_mass_kg": "最小使用质量 of a tractor, in kg.",
            "max_load_kg": "最大允许载质量 of a tractor, in kg.",
            "harvester_mass_kg": "联合收割机质量, in kg.",
        },
        "DrivingLicense": {
            "license_no": "证号: mostly the holder's ID number, 18 digits of which the last may be X.",
            "name": "姓名.",
            "sex": "性别: 男 or 女.",
            "nationality": "国籍.",
            "address": "住址.",
            "birth_date": "出生日期, as YYYY-MM-DD.",
            "first_issue_date": "初次领证日期, as YYYY-MM-DD.",
            "vehicle_classes": "准驾车型, in the order printed: `A2`, `D`.",
            "valid_from": "有效起始日期, as YYYY-MM-DD.",
            "valid_until": "有效期限: the last day, as YYYY-MM-DD.",
            "valid_years": "有效期限 of the old edition: years from `valid_from` on.",
            "long_term": "有效期限 is 长期: the license does not expire. Never false.",
            "issuing_authority": "The seal: the traffic police who issued the license.",
            "status": "状态, of an electronic license: `正常`.",
            "accumulated_points": "累积记分, of an electronic license.",
            "shown_at": "当前时间, of an electronic license, as shown.",
            "generated_at": "生成时间, of an electronic license, as shown.",
            "file_no": "档案编号: twelve digits.",
            "record": "记录.",
        },
        "Dimensions": {
            "length_mm": "Length, in mm.",
            "width_mm": "Width, in mm.",
            "height_mm": "Height, in mm.",
        },
        "Inspection": {
            "text": "The record as printed.",
            "valid_until": "检验有效期至: the last valid month, as YYYY-MM.",
            "station": "The stamp beside it: `皖A(4S)`.",
        },
        "Flag": {
            "code": "What was found. There are, by severity: "
            + "; ".join(
                f"{severity}: {', '.join(code for code, its in SEVERITY.items() if its is severity)}"
                for severity in Severity
            )
            + ". More may come.",
            "severity": "How much it matters.",
            "source": "Who found it; here always `embedded`.",
            "fields": "The fields that it is about; none where it is about the picture.",
            "detail": "What there is to say besides.",
        },
        "License": {
            "document": "What the picture shows. Null where no license was found; the flags say why.",
            "side": "The page that the picture shows. Null where no license was found.",
            "form": "Printed on paper, or shown by an app.",
            "fields": "What was read. A field that is not on the page, or could not be read, is left out.",
            "confidence": "How sure each field is, 0 to 1, by the field's name.",
            "boxes": "Where each field stands, by the field's name: the corners as [x, y] in pixels of the picture as "
            "it was sent, before any turn that its EXIF asks for; clockwise from where reading begins.",
            "flags": "What a person should know.",
        },
    }
)
_REQUEST_ID = "The request's name in the service's log."


class _AsTold(GenerateJsonSchema):
    """Schemas of what is told: a field without a value is left out, never null, and every other is there."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_is_required(self, field: ModelField | DataclassField | TypedDictField, total: bool) -> bool:  # noqa: ARG002 - as the base has it
        inner: Any = field["schema"]
        if inner["type"] == "default":
            inner = inner["schema"]
        return bool(inner["type"] != "nullable")

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as above
        return False


@cache
def described() -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.1",
        "info": {"title": "license-ocr", "version": "1.0.0", "summary": _SUMMARY, "description": _INTRODUCTION},
        "paths": {PATH: {"post": _reading()}, DESCRIPTION_PATH: {"get": _describing()}},
        "components": {
            "schemas": _schemas(),
            "responses": {code: _error(code) for code in ("not_found", "method_not_allowed")},
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": KEY_HEADER,
                    "description": "The `api_key` of the service's secret `embedded`.",
                }
            },
        },
    }


_SUMMARY = "Reads Chinese vehicle licenses and driving licenses off photos."
_INTRODUCTION = f"""\
A picture's bytes in, the license on it out. Nothing of either is kept, and no response with personal data may be.

Any other path is answered with 404, any other method with 405 and `Allow`, both with a body of the schema `Error`. \
{"; ".join(f"`{path}` takes {', '.join(methods)}" for path, methods in METHODS.items())}. OPTIONS is answered with 200 \
and `Allow`. Only `{PATH}` asks for the key.

What a function URL itself refuses, for being too large or too much at once, is answered in AWS's words instead.

Fields and flags may be added: pass over those that you do not know."""


# What may be asked.

_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "document": "What the picture should show. It is looked for first; another document is read all the same and "
        "flagged `wrong_side`. Left out, the engine looks for itself.",
        "side": "The page that the picture should show: front is the main page, back the side page. If it is not seen, "
        "the other one is read all the same and flagged `wrong_side`. Left out, the engine looks for itself.",
    }
)


def _reading() -> Schema:
    """The operation that reads a picture."""
    return {
        "operationId": "readLicense",
        "summary": "Read the license on a picture",
        "security": [{"ApiKey": []}],
        "parameters": [_parameter(name, kind) for name, kind in PAGE.items()],
        "requestBody": {
            "required": True,
            "description": f"The picture itself: {', '.join(DECODERS)}, by its bytes, whatever the `Content-Type`. "
            f"At most {MAX_BYTES:,} bytes and {MAX_PIXELS:,} pixels, at least {MIN_EDGE} pixels on either edge. Behind "
            f"a function URL, which makes base64 of it, no more than about {MAX_DEPLOYED:,} bytes come through, and "
            "none unharmed that are sent as text or JSON.",
            "content": {
                media_type: {"schema": {"minLength": 1, "maxLength": MAX_BYTES}}
                for media_type in (*(f"image/{name}" for name in DECODERS), "application/octet-stream")
            },
        },
        "responses": {
            "200": {
                "description": "What was read; or, where `document` is null, why there was nothing to read.",
                "headers": _headers(PRIVATE),
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [{"$ref": _SCHEMAS + name} for name in (*_ANSWERS.values(), "NoLicense")]},
                        "examples": _examples(),
                    }
                },
            },
            **_errors(code for code in ERRORS if code not in {"not_found", "method_not_allowed"}),
        },
    }


def _describing() -> Schema:
    """The operation that answers this document."""
    return {
        "operationId": "describe",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {
                "description": "The contract as it is served. A query is passed over.",
                "headers": _headers(PUBLIC),
                "content": {"application/json": {"schema": {"type": "object", "required": ["openapi"]}}},
            },
            **_errors(("too_large", "internal")),
        },
    }


def _parameter(name: str, kind: type[Document | Side]) -> Schema:
    schema = {"$ref": _SCHEMAS + kind.__name__}
    return {"name": name, "in": "query", "required": False, "description": _ASKED[name], "schema": schema}


# What may be answered.

_ANSWERS: Mapping[Document, str] = MappingProxyType(
    {document: f"{FIELDS[document].__name__}Read" for document in FIELDS}
)


def _errors(codes: Iterable[str]) -> Schema:
    return {str(ERRORS[code]): _error(code) for code in codes}


def _error(code: str) -> Schema:
    """The response that has this code; an Error whose code is known."""
    besides = BESIDES.get(code, {"Allow": None} if code == "method_not_allowed" else {})
    exactly = {"properties": {"error": {"properties": {"code": {"const": code}}}}}
    return {
        "description": _MEANINGS[code],
        "headers": _headers({**PRIVATE, **besides}),
        "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}Error", **exactly}}},
    }


def _headers(sent: Mapping[str, str | None]) -> Schema:
    """Headers that are always there, with the value that they always have, or None where it differs."""
    return {
        name: {
            "description": _HEADERS[name],
            "required": True,
            "schema": {"type": "string"} if value is None else {"type": "string", "const": value},
        }
        for name, value in sent.items()
    }


def _schemas() -> Schema:
    """The record's own schemas, those of the answers that carry it, and that of an error."""
    models: list[tuple[type[License], JsonSchemaMode]] = [(License, "serialization")]
    _, generated = models_json_schema(models, schema_generator=_AsTold, ref_template=_SCHEMAS + "{model}")
    schemas: Schema = generated["$defs"]
    schemas["Flag"]["additionalProperties"] = False
    license_ = schemas.pop("License")
    license_ |= {"properties": {name: held for name, held in license_["properties"].items() if name not in UNTOLD}}
    _describe("License", license_)
    for name in _HELD.keys() - {"License"}:
        _describe(name, schemas[name])
    license_["properties"]["confidence"]["additionalProperties"] |= {"minimum": 0, "maximum": 1}
    answers = {name: _answer(license_, document) for document, name in _ANSWERS.items()}
    return schemas | answers | {"NoLicense": _nothing(license_), "Error": _error_schema()}


def _describe(name: str, schema: Schema) -> None:
    """Say what each property holds."""
    for held, description in _HELD[name].items():
        schema["properties"][held]["description"] = description


def _answer(license_: Schema, document: Document) -> Schema:
    """The license's schema, as it is for this document."""
    properties = license_["properties"] | {
        "document": {"const": document.value, "description": _HELD["License"]["document"]},
        "fields": {"$ref": _SCHEMAS + FIELDS[document].__name__, "description": _HELD["License"]["fields"]},
    }
    return _object(properties, [*license_["required"]], description=f"A {document.value.replace('_', ' ')} as read.")


def _nothing(license_: Schema) -> Schema:
    """The license's schema, as it is for a picture without any."""
    nothing: Schema = {
        **{name: {"type": "null"} for name in ("document", "side")},
        **{name: {"type": "object", "maxProperties": 0} for name in ("fields", "confidence", "boxes")},
        "flags": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Flag"}, "minItems": 1},
    }
    properties = {name: held | {"description": _HELD["License"][name]} for name, held in nothing.items()}
    required = [name for name in license_["required"] if name in properties]
    return _object(properties, required, description="A picture on which there was nothing to read, and why.")


def _error_schema() -> Schema:
    error = {
        "type": "object",
        "properties": {
            "code": {"enum": list(ERRORS), "description": "What went wrong, for programs."},
            "message": {"type": "string", "description": "The same, for people; it may be worded anew."},
        },
        "required": ["code", "message"],
        "additionalProperties": False,
    }
    example = told_error("invalid_request", "side: one of front, back, both, or leave it out", _EXAMPLE_ID)
    return _object({"error": error}, ["error"], description="Why there is no answer.") | {"examples": [example]}


def _object(properties: Schema, required: list[str], *, description: str) -> Schema:
    """The schema of a body, which tells its request as all of them do."""
    return {
        "type": "object",
        "description": description,
        "properties": {"request_id": {"type": "string", "description": _REQUEST_ID}, **properties},
        "required": ["request_id", *required],
        "additionalProperties": False,
    }


# Examples, of nobody.

_EXAMPLE_ID = "5a8f3c1e-7a41-4c55-9d0b-2f3d6c1b9e10"
_VEHICLE = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.BOTH,
    form=Form.PAPER,
    fields=VehicleLicense(
        plate_no="闽DX9849",
        vehicle_type="小型轿车",
        owner="厦门顺达物流有限公司",
        address="福建省厦门市湖里区学府路250号",
        use_character="非营运",
        brand_model="别克牌SGM7151LAAA",
        vin="LSGN99B0XS4W59118",
        engine_no="3KM896C",
        register_date=dt.date(2009, 4, 23),
        issue_date=dt.date(2011, 1, 9),
        issuing_authority="福建省厦门市公安局交通警察支队",
        back_plate_no="闽DX9849",
        file_no="732938032058",
        passengers=5,
        passengers_text="5人",
        gross_mass_kg=1690,
        curb_mass_kg=1270,
        dimensions=Dimensions(length_mm=4620, width_mm=1780, height_mm=1498),
        inspection=Inspection(text="检验有效期至2013年04月闽D", valid_until="2013-04", station="闽D"),
        barcode="5686427026961",
    ),
    confidence={"plate_no": 0.998, "engine_no": 0.5},
    boxes={"plate_no": ((152.4, 118.0), (301.7, 117.2), (301.9, 141.6), (152.5, 142.3))},
    flags=(Flag.of("reflection", "embedded"),),
)
_DRIVING = License(
    document=Document.DRIVING_LICENSE,
    side=Side.FRONT,
    form=Form.PAPER,
    fields=DrivingLicense(
        license_no="990263196404219715",
        name="曾彪",
        sex="男",
        nationality="中国",
        birth_date=dt.date(1964, 4, 21),
        vehicle_classes=("A2", "D"),
        valid_from=dt.date(2019, 9, 13),
        long_term=True,
    ),
    confidence={"name": 0.97},
    boxes={"name": ((88.0, 102.5), (140.1, 102.9), (139.9, 128.7), (87.8, 128.3))},
    flags=(Flag.of("unreadable_value", "embedded", "first_issue_date", detail="no day of the calendar"),),
)


def _examples() -> Schema:
    """An answer of each kind; confidence and boxes are shortened."""
    nothing = NoLicense(("not_a_license", "blur"))
    return {
        "vehicle_license": {"summary": "Both pages on one picture", "value": told(_VEHICLE, _EXAMPLE_ID)},
        "driving_license": {"summary": "A main page", "value": told(_DRIVING, _EXAMPLE_ID)},
        "no_license": {"summary": "Nothing to read", "value": told_nothing(nothing, _EXAMPLE_ID)},
    }
