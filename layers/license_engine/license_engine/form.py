"""The printed forms as data: which labels a page bears, in what order, and which field follows each.

Places are millimetres on a page of 88 by 60, the left end and the middle height of the Chinese label. They are
approximate on purpose: the labels found on the photo correct them, and only the order of the labels is relied on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Document = Literal["vehicle_license", "driving_license"]
type Side = Literal["front", "back"]

WIDTH = 88.0
HEIGHT = 60.0


@dataclass(frozen=True, slots=True)
class Label:
    """A printed label: its text, its place on the page, how wide it is set, and the field that follows it."""

    text: str
    x: float
    y: float
    width: float
    field: str | None
    lines: int = 1
    own: bool = True  # whether only this page of its document bears it


@dataclass(frozen=True, slots=True)
class Form:
    """One page: its labels in reading order, and where its seal, its barcode and its portrait stand, if it has them."""

    document: Document
    side: Side
    labels: tuple[Label, ...]
    seal: tuple[float, float, float, float] | None = None
    least_own: int = 2
    barcode: bool = False
    portrait: tuple[float, float, float, float] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that follow labels."""
        return tuple(label.field for label in self.labels if label.field)


VEHICLE_FRONT = Form(
    "vehicle_license",
    "front",
    (
        Label("中华人民共和国机动车行驶证", 23, 5.5, 42, None),
        Label("号牌号码", 4, 15, 9.6, "plate_no", own=False),
        Label("车辆类型", 45, 15, 9.6, "vehicle_type"),
        Label("所有人", 4, 21.6, 9.6, "owner", lines=2),
        Label("住址", 4, 28.2, 9.6, "address", lines=3),
        Label("使用性质", 4, 34.8, 9.6, "use_character"),
        Label("品牌型号", 37, 34.8, 9.6, "brand_model"),
        Label("车辆识别代号", 28, 41.4, 13, "vin"),
        Label("发动机号码", 28, 47.8, 13, "engine_no"),
        Label("注册日期", 28, 54.2, 9, "register_date"),
        Label("发证日期", 58, 54.2, 9, "issue_date"),
    ),
    seal=(3, 38, 26, 59),
)

VEHICLE_BACK = Form(
    "vehicle_license",
    "back",
    (
        Label("号牌号码", 4, 6, 9.6, "plate_no", own=False),
        Label("档案编号", 45, 6, 9.6, "file_no"),
        Label("核定载人数", 4, 12, 11.5, "passengers"),
        Label("总质量", 45, 12, 9.6, "gross_mass_kg"),
        Label("整备质量", 4, 18, 9.6, "curb_mass_kg"),
        Label("核定载质量", 45, 18, 11.5, "rated_load_kg"),
        Label("外廓尺寸", 4, 24, 9.6, "dimensions"),
        Label("准牵引总质量", 45, 24, 12.5, "towing_mass_kg"),
        Label("备注", 4, 30, 9.6, "remarks", lines=3),
        Label("检验记录", 4, 38, 9.6, "inspection", lines=4),
    ),
    barcode=True,
)

# Where the edition with the kind of energy prints it differs: it counts only where it is found.
ENERGY = Label("能源类型", 45, 30, 9.6, "energy_type")

DRIVING_FRONT = Form(
    "driving_license",
    "front",
    (
        Label("中华人民共和国机动车驾驶证", 23, 5.5, 42, None),
        Label("证号", 15, 14.5, 6, "license_no", own=False),
        Label("姓名", 4, 20.4, 6, "name", own=False),
        Label("性别", 42, 20.4, 6, "sex"),
        Label("国籍", 62, 20.4, 6, "nationality"),
        Label("住址", 4, 27, 6, "address", lines=3),
        Label("出生日期", 26, 36.5, 8.6, "birth_date"),
        Label("初次领证日期", 26, 42, 12.5, "first_issue_date"),
        Label("准驾车型", 26, 48, 8.6, "vehicle_classes"),
        Label("有效期限", 4, 55, 8.6, "valid_until"),
    ),
    seal=(3, 32, 24.5, 52),
    portrait=(63, 31, 90, 61),
)

# The edition that prints a beginning and a number of years, in place of the last row.
DRIVING_FRONT_OLD = Form(
    "driving_license",
    "front",
    (
        *DRIVING_FRONT.labels[:-1],
        Label("有效起始日期", 4, 55, 12.5, "valid_from"),
        Label("有效期限", 40, 55, 8.6, "valid_until"),
    ),
    seal=DRIVING_FRONT.seal,
    portrait=DRIVING_FRONT.portrait,
)

DRIVING_BACK = Form(
    "driving_license",
    "back",
    (
        Label("中华人民共和国机动车驾驶证副页", 21, 6, 46, None),
        Label("证号", 15, 13, 6, "license_no", own=False),
        Label("姓名", 4, 19, 6, "name", own=False),
        Label("档案编号", 42, 19, 8.6, "file_no"),
        Label("记录", 4, 26, 6, "record", lines=6),
    ),
    least_own=2,
)


def _one_page(front: Form, *others: Form) -> Form:
    """All labels of a document on one page, each text once, the front's first."""
    labels = {label.text: label for form in (*others[::-1], front) for label in form.labels}
    return Form(front.document, "front", tuple(labels.values()))


def _screen(document: Document, *labels: tuple[str, str]) -> Form:
    """Labels that only a screen shows, where they may."""
    return Form(document, "front", tuple(Label(text, 4, 60, 2.4 * len(text), field) for text, field in labels))


VEHICLE_SCREEN = _screen(
    "vehicle_license",
    (ENERGY.text, "energy_type"),
    ("车身颜色", "body_color"),
    ("检验有效期至", "inspection_valid_until"),
    ("状态", "status"),
    ("生成时间", "generated_at"),
)
DRIVING_SCREEN = _screen(
    "driving_license",
    ("累积记分", "accumulated_points"),
    ("状态", "status"),
    ("当前时间", "shown_at"),
    ("生成时间", "generated_at"),
)
# An electronic license shows what it holds on one page, in a layout of its own.
LOOSE_FORMS = (
    _one_page(VEHICLE_FRONT, VEHICLE_BACK, VEHICLE_SCREEN),
    _one_page(DRIVING_FRONT, DRIVING_FRONT_OLD, DRIVING_BACK, DRIVING_SCREEN),
)
FORMS = (VEHICLE_FRONT, VEHICLE_BACK, DRIVING_FRONT, DRIVING_FRONT_OLD, DRIVING_BACK)
ELECTRONIC_MARKS = ("电子行驶证", "电子驾驶证", "电子证照", "电子凭证", "电子版", "生成时间")
