"""Pictures that are no license, the hardest first: papers about the same car or driver, under the same labels."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from tests.engine.render import effects, fonts, people

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import ImageFont

type Cell = tuple[str, str]
"""A label, and a template of its value."""
type Colour = tuple[int, int, int]

LONG_EDGE = 1600  # pixels of a flat sheet's longer edge
LEAST_SIZE = 14  # pixels
FACES = (fonts.SONG, fonts.HEI, fonts.MING, fonts.ZEN_HEI)
INK = (44, 44, 48)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
BANKS = ("储蓄银行", "商业银行", "农村信用社", "合作银行")
INSURERS = ("安泰财产保险股份有限公司", "华瑞财产保险股份有限公司", "众信财产保险股份有限公司")
NATIONS = ("汉", "回", "满", "壮", "土家")
CHAT = (
    "您好，行驶证拍一下发我",
    "好的，稍等",
    "号牌号码是 {plate_no} 吗？",
    "对，车主 {owner}",
    "下午三点之前能出单吗",
    "没问题，保费 {price} 元",
    "车架号后六位再核对一下",
    "收到，谢谢",
)
CODE = (
    "from dataclasses import dataclass",
    "",
    "@dataclass(frozen=True)",
    "class Vehicle:",
    "    plate_no: str  # 号牌号码",
    "    vin: str  # 车辆识别代号",
    "    engine_no: str  # 发动机号码",
    "    owner: str  # 所有人",
    "    register_date: str  # 注册日期",
    "",
    "def masked(vehicle: Vehicle) -> str:",
    "    return vehicle.plate_no[:2] + '***'",
    "",
    "print(masked(Vehicle('{plate_no}', '{vin}',",
    "    '{engine_no}', '{owner}', '{register_date}')))",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper or a screen of labels and values in rows: its title, its size in millimetres, how it is set."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]
    size: tuple[float, float] = (210, 297)
    ruled: bool = True
    numbered: bool = False
    colon: bool = False
    small: bool = False  # whether the title is set no larger than the rows
    paper: Colour = (246, 245, 240)
    foot: str = ""


IDENTITY = Sheet(
    "",
    (
        (("姓名", "{name}"),),
        (("性别", "{sex}"), ("民族", "{nation}")),
        (("出生", "{birth_date}"),),
        (("住址", "{address}"),),
        (("公民身份号码", "{license_no}"),),
    ),
    size=(85.6, 54),
    ruled=False,
    paper=(222, 236, 240),
)
COMPULSORY = Sheet(
    "机动车交通事故责任强制保险单",
    (
        (("被保险人", "{owner}"),),
        (("被保险人身份证号码(统一社会信用代码)", "{license_no}"),),
        (("地址", "{address}"), ("联系电话", "{phone}")),
        (("号牌号码", "{plate_no}"), ("机动车种类", "客车"), ("使用性质", "{use_character}")),
        (("发动机号码", "{engine_no}"), ("识别代码(车架号)", "{vin}")),
        (("厂牌型号", "{brand_model}"), ("核定载客", "{passengers}"), ("核定载质量", "0.000千克")),
        (("排量", "1.4980L"), ("功率", "84.0KW"), ("登记日期", "{register_date}")),
        (("死亡伤残赔偿限额", "180000元"), ("无责任死亡伤残赔偿限额", "18000元")),
        (("医疗费用赔偿限额", "18000元"), ("无责任医疗费用赔偿限额", "1800元")),
        (("财产损失赔偿限额", "2000元"), ("无责任财产损失赔偿限额", "100元")),
        (("保险费合计(人民币大写)", "玖佰伍拾元整 (¥: {price} 元)"),),
        (("保险期间自", "{issue_date} 零时起至次年同日二十四时止"),),
        (("整备质量", "{curb_mass_kg}"), ("纳税人识别号", "{license_no}")),
        (("当年应缴", "¥: 360.00 元"), ("往年补缴", "¥: 0.00 元"), ("滞纳金", "¥: 0.00 元")),
        (("特别约定", "请及时核对保险单内容，如有不符请在四十八小时内通知保险人"),),
    ),
    foot="{insurer}",
)
REGISTRATION = Sheet(
    "机动车登记证书",
    (
        (("机动车所有人/身份证明名称/号码", "{owner}/居民身份证/{license_no}"),),
        (("登记机关", "{issuing_authority}"), ("登记日期", "{register_date}")),
        (("机动车登记编号", "{plate_no}"),),
        (("车辆类型", "{vehicle_type}"), ("车辆品牌", "{brand_model}")),
        (("车辆型号", "{model}"), ("车身颜色", "白")),
        (("车辆识别代号/车架号", "{vin}"), ("国产/进口", "国产")),
        (("发动机号", "{engine_no}"), ("发动机型号", "{model}")),
        (("燃料种类", "汽油"), ("排量/功率", "1498ml/84kw")),
        (("制造厂名称", "{maker}"), ("转向形式", "方向盘")),
        (("轮距", "前1540 后1540mm"), ("轮胎数", "4")),
        (("轮胎规格", "205/55R16"), ("钢板弹簧片数", "后轴--片")),
        (("轴距", "2640mm"), ("轴数", "2")),
        (("外廓尺寸", "{dimensions}"), ("货厢内部尺寸", "--")),
        (("总质量", "{gross_mass_kg}"), ("核定载质量", "--kg")),
        (("核定载客", "{passengers}"), ("准牵引总质量", "--kg")),
        (("驾驶室载客", "--人"), ("使用性质", "{use_character}")),
        (("车辆获得方式", "购买"), ("车辆出厂日期", "{register_date}")),
        (("发证机关章", ""), ("发证日期", "{issue_date}")),
    ),
    numbered=True,
    paper=(236, 240, 226),
)
CONFORMITY = Sheet(
    "机动车整车出厂合格证",
    (
        (("合格证编号", "{file_no}"), ("发证日期", "{register_date}")),
        (("车辆制造企业名称", "{maker}"),),
        (("车辆品牌/车辆名称", "{brand_model}/{vehicle_type}"), ("车辆型号", "{model}")),
        (("车辆识别代号/车架号", "{vin}"), ("车身颜色", "白")),
        (("底盘型号/底盘ID", "--"), ("发动机型号", "{model}")),
        (("发动机号", "{engine_no}"), ("燃料种类", "汽油")),
        (("排量和功率(ml/kW)", "1498/84"), ("排放标准", "国六")),
        (("油耗", "5.9"), ("转向形式", "方向盘")),
        (("外廓尺寸(mm)", "{dimensions}"), ("货厢内部尺寸(mm)", "--")),
        (("总质量(kg)", "{gross_mass_kg}"), ("额定载质量(kg)", "--")),
        (("整备质量(kg)", "{curb_mass_kg}"), ("准牵引总质量(kg)", "--")),
        (("额定载客(含驾驶员)(人)", "{passengers}"), ("最高设计车速(km/h)", "180")),
        (("车辆制造日期", "{register_date}"), ("备注", "--")),
    ),
    numbered=True,
    paper=(244, 232, 226),
)
CONTRACT = Sheet(
    "二手车买卖合同",
    (
        (("卖方(甲方)", "{owner}"), ("证件号码", "{license_no}")),
        (("买方(乙方)", "{name}"), ("联系电话", "{phone}")),
        (("号牌号码", "{plate_no}"), ("车辆类型", "{vehicle_type}")),
        (("所有人", "{owner}"), ("使用性质", "{use_character}")),
        (("住址", "{address}"),),
        (("品牌型号", "{brand_model}"), ("车身颜色", "白")),
        (("车辆识别代号", "{vin}"),),
        (("发动机号码", "{engine_no}"),),
        (("注册日期", "{register_date}"), ("发证日期", "{issue_date}")),
        (("行驶里程", "68000公里"), ("年检有效期", "见行驶证")),
        (("成交价款", "人民币 {price} 元整"), ("付款方式", "转账")),
        (("过户费用", "由乙方承担"), ("交付时间", "{issue_date}")),
        (("其他约定", "甲方保证车辆手续齐全，无抵押查封"),),
    ),
)
INSPECTION = Sheet(
    "机动车安全技术检验报告",
    (
        (("检验流水号", "{file_no}"), ("检验日期", "{issue_date}")),
        (("号牌号码", "{plate_no}"), ("号牌种类", "小型汽车"), ("所有人", "{owner}")),
        (("车辆类型", "{vehicle_type}"), ("品牌型号", "{brand_model}")),
        (("车辆识别代号", "{vin}"), ("发动机号码", "{engine_no}")),
        (("使用性质", "{use_character}"), ("注册日期", "{register_date}")),
        (("核定载人数", "{passengers}"), ("总质量", "{gross_mass_kg}"), ("整备质量", "{curb_mass_kg}")),
        (("外廓尺寸", "{dimensions}"), ("准牵引总质量", "--")),
        (("制动率(%)", "68.2"), ("不平衡率(%)", "11.4"), ("判定", "合格")),
        (("驻车制动率(%)", "31.0"), ("前照灯", "19800cd"), ("判定", "合格")),
        (("检验记录", "外观 底盘 灯光 均合格"), ("备注", "--")),
        (("检验结论", "合格"), ("授权签字人", "{name}")),
    ),
)
APPLICATION = Sheet(
    "机动车注册、转移、注销登记/转入申请表",
    (
        (("号牌种类", "小型汽车号牌"), ("号牌号码", "{plate_no}")),
        (("品牌型号", "{brand_model}"), ("车辆识别代号", "{vin}")),
        (("使用性质", "□非营运 □公路客运 □出租客运"), ("发动机号码", "{engine_no}")),
        (("所有人", "{owner}"), ("住址", "{address}")),
        (("手机号码", "{phone}"), ("邮政编码", "{post}")),
        (("代理人姓名/名称", "{name}"), ("证号", "{license_no}")),
        (("申请方式", "□本人申请 □委托代理"), ("注册日期", "{register_date}")),
    ),
)
INVOICE = Sheet(
    "机动车销售统一发票",
    (
        (("开票日期", "{register_date}"), ("发票号码", "{file_no}")),
        (("购买方名称", "{owner}"), ("统一社会信用代码/身份证号码", "{license_no}")),
        (("车辆类型", "{vehicle_type}"), ("厂牌型号", "{brand_model}"), ("产地", "国产")),
        (("合格证号", "{file_no}"), ("进口证明书号", ""), ("商检单号", "")),
        (("发动机号码", "{engine_no}"), ("车辆识别代号/车架号码", "{vin}")),
        (("价税合计", "{price}"), ("小写", "¥{price}")),
        (("销货单位名称", "{insurer}"), ("电话", "{phone}")),
        (("地址", "{address}"), ("开户银行", "{bank}")),
        (("吨位", ""), ("限乘人数", "{passengers}")),
    ),
    size=(241, 152),
    paper=(248, 246, 240),
)
BUSINESS = Sheet(
    "营业执照",
    (
        (("统一社会信用代码", "{license_no}"),),
        (("名称", "{insurer}"), ("注册资本", "壹佰万元整")),
        (("类型", "有限责任公司"), ("成立日期", "{register_date}")),
        (("法定代表人", "{name}"), ("营业期限", "长期")),
        (("经营范围", "道路货物运输；汽车租赁；二手车经销"), ("住所", "{address}")),
        (("登记机关", ""), ("", "{issue_date}")),
    ),
    size=(297, 210),
    ruled=False,
    paper=(250, 244, 222),
)
QUALIFICATION = Sheet(
    "中华人民共和国道路运输从业人员从业资格证",
    (
        (("姓名", "{name}"), ("性别", "{sex}")),
        (("出生日期", "{birth_date}"), ("国籍", "中国")),
        (("住址", "{address}"),),
        (("证号", "{license_no}"),),
        (("准驾车型", "{vehicle_classes}"),),
        (("从业资格类别", "道路旅客运输驾驶员"),),
        (("初次领证日期", "{first_issue_date}"),),
        (("有效起始日期", "{valid_from}"), ("有效期限", "6年")),
        (("发证机关", "{issuing_authority}"), ("档案编号", "{file_no}")),
    ),
    size=(120, 84),
    ruled=False,
    paper=(232, 240, 244),
)
FITNESS = Sheet(
    "机动车驾驶人身体条件证明",
    (
        (("姓名", "{name}"), ("性别", "{sex}"), ("出生日期", "{birth_date}")),
        (("国籍", "中国"), ("身份证明名称", "居民身份证"), ("证号", "{license_no}")),
        (("住址", "{address}"), ("联系电话", "{phone}")),
        (("准驾车型", "{vehicle_classes}"), ("档案编号", "{file_no}")),
        (("身高(cm)", "172"), ("辨色力", "正常"), ("听力", "合格")),
        (("视力", "5.0"), ("躯干和颈部", "合格"), ("记录", "无")),
        (("申告事项", "本人无器质性心脏病、癫痫、美尼尔氏症"),),
        (("医疗机构", "{insurer}"), ("有效期限", "六个月")),
    ),
)
TRANSPORT = Sheet(
    "中华人民共和国道路运输证",
    (
        (("业户名称", "{owner}"),),
        (("地址", "{address}"),),
        (("车辆号牌", "{plate_no}"), ("经营许可证号", "{file_no}")),
        (("车辆类型", "{vehicle_type}"), ("吨(座)位", "{passengers}")),
        (("车辆(毫米)", "{dimensions}"), ("备注", "--")),
        (("经营范围", "普通货运"), ("发证日期", "{issue_date}")),
    ),
    size=(120, 84),
    ruled=False,
    paper=(236, 244, 236),
)
VIN_PLATE = Sheet(
    "{maker}制造",
    (
        (("品牌", "{brand_model}"), ("整车型号", "{model}")),
        (("车辆识别代号", "{vin}"),),
        (("发动机型号", "{model}"), ("发动机排量", "1498ml")),
        (("发动机最大净功率", "84kW"), ("最大允许总质量", "{gross_mass_kg}")),
        (("乘坐人数", "{passengers}"), ("制造年月", "{register_date}")),
    ),
    size=(110, 66),
    colon=True,
    small=True,
    paper=(60, 62, 66),
)
APP = Sheet(
    "车辆信息",
    (
        (("号牌号码", "{plate_no}"),),
        (("品牌型号", "{brand_model}"),),
        (("车辆识别代号", "{vin}"),),
        (("发动机号码", "{engine_no}"),),
        (("注册日期", "{register_date}"),),
        (("使用性质", "{use_character}"),),
        (("所有人", "{owner}"),),
        (("商业险到期", "{issue_date}"),),
        (("预计保费", "¥{price}"),),
    ),
    size=(70, 150),
    ruled=False,
    paper=(250, 250, 252),
)
SHEETS: Mapping[str, Sheet] = MappingProxyType(
    {
        "compulsory-insurance": COMPULSORY,
        "registration-certificate": REGISTRATION,
        "conformity-certificate": CONFORMITY,
        "sale-contract": CONTRACT,
        "inspection-report": INSPECTION,
        "application": APPLICATION,
        "sale-invoice": INVOICE,
        "professional-license": QUALIFICATION,
        "fitness-certificate": FITNESS,
        "transport-permit": TRANSPORT,
        "vin-plate": VIN_PLATE,
        "app-screen": APP,
        "identity-front": IDENTITY,
        "business-license": BUSINESS,
    }
)


def picture(number: int, seed: int) -> tuple[str, bytes]:
    """The kind and the JPEG of the set's picture of this number."""
    random = Random(f"foreign/{seed}/{number}")  # noqa: S311 - a seeded drawing keeps no secret
    kind = KINDS[number % len(KINDS)]
    flat = draw(kind, random)
    rough = effects.ROUGHNESS[tuple(effects.ROUGHNESS)[number // len(KINDS) % len(effects.ROUGHNESS)]]
    whole = kind in SCENES or (kind in SCREENS and random.random() < 0.6)
    photo = flat if whole else effects.take(flat, random, rough).image
    return kind, effects.jpeg(photo, random.randint(*rough.quality))


def draw(kind: str, random: Random) -> Image.Image:
    """A flat paper, a screen or a whole scene of this kind."""
    if kind in SHEETS:
        return _sheet(SHEETS[kind], random)
    return DRAWN[kind](random)


def _facts(random: Random) -> dict[str, str]:
    """What the papers say of one invented driver's car."""
    car, driver = people.car(random), people.driver(random)
    return {
        **driver.back,
        **driver.front,
        **car.back,
        **car.front,
        "model": "".join(random.choice(LETTERS) for _ in range(3)) + str(random.randint(1000, 9999)),
        "maker": car.front["brand_model"].split("牌")[0] + "汽车有限公司",
        "nation": random.choice(NATIONS),
        "phone": f"1990000{random.randint(0, 9999):04d}",
        "post": f"{random.randint(0, 999999):06d}",
        "price": f"{random.randint(600, 99000)}.00",
        "bank": random.choice(BANKS),
        "insurer": random.choice(INSURERS),
    }


@dataclass(frozen=True, slots=True)
class Setting:
    """How one printer fills a sheet in: font, ink, pixels from row to row, the share of a cell where values begin."""

    face: fonts.Face
    ink: Colour
    pitch: float
    column: float


def _sheet(sheet: Sheet, random: Random) -> Image.Image:
    """The sheet filled in; of a tall one often only the upper part, since that is what gets photographed."""
    facts = _facts(random)
    dots = LONG_EDGE / max(sheet.size)
    width, height = (round(dots * edge) for edge in sheet.size)
    narrow = width < height / 2
    pitch = min(height / (len(sheet.rows) + 2.6), width / random.uniform(*((5, 8) if narrow else (9, 16))))
    ink = INK if sum(sheet.paper) > 380 else (206, 208, 210)
    setting = Setting(random.choice(FACES), ink, pitch, random.choice((0.0, 0.0, 0.3, 0.4)))
    image = Image.new("RGB", (width, height), sheet.paper)
    pen, y = ImageDraw.Draw(image), pitch * 0.9
    if sheet.title:
        title = sheet.title.format_map(facts)
        font = fonts.font(setting.face, min(round(pitch * (0.42 if sheet.small else 0.62)), width // (len(title) + 2)))
        pen.text((width / 2, y), title, font=font, fill=ink, anchor="mm")
        y += pitch * 1.1
    number = 0
    for cells in sheet.rows:
        room = 0.92 * width / len(cells)
        for place, (name, template) in enumerate(cells):
            number += 1
            left = width * 0.04 + room * place
            label = (f"{number}." if sheet.numbered and name else "") + name + ("：" if sheet.colon else "")
            if sheet.ruled:
                pen.rectangle((left, y - pitch / 2, left + room, y + pitch / 2), outline=ink, width=2)
            _cell(pen, (left + 0.06 * pitch, y), (label, template.format_map(facts)), setting, room=0.97 * room)
        y += pitch
    pen.text((width * 0.6, y), sheet.foot.format_map(facts), font=fonts.font(setting.face, 30), fill=ink, anchor="lm")
    tall = round(min(height, max(y, width * 0.7))) if random.random() < 0.6 else height
    return image.crop((0, 0, width, tall))


def _cell(pen: ImageDraw.ImageDraw, spot: tuple[float, float], cell: Cell, setting: Setting, *, room: float) -> None:
    """Draws a label and its value right of it, as large as both fit the room."""
    label, value = cell

    def begin(font: ImageFont.FreeTypeFont) -> float:
        return max(font.getlength(label) + 0.6 * font.size, setting.column * room)

    size = max(round(setting.pitch * 0.40), LEAST_SIZE)
    font = fonts.font(setting.face, size)
    while size > LEAST_SIZE and begin(font) + font.getlength(value) > room:
        size -= 1
        font = fonts.font(setting.face, size)
    pen.text(spot, label, font=font, fill=setting.ink, anchor="lm")
    pen.text((spot[0] + begin(font), spot[1]), value, font=font, fill=setting.ink, anchor="lm")


def _identity_back(random: Random) -> Image.Image:
    facts = _facts(random)
    image = Image.new("RGB", (1600, 1010), (224, 234, 236))
    pen = ImageDraw.Draw(image)
    pen.ellipse((110, 90, 400, 380), fill=(196, 60, 52))
    pen.text((980, 160), "中华人民共和国", font=fonts.font(fonts.SONG, 96), fill=INK, anchor="mm")
    pen.text((980, 320), "居民身份证", font=fonts.font(fonts.HEAVY_SONG, 130), fill=INK, anchor="mm")
    pen.text((260, 760), f"签发机关   {facts['issuing_authority'][:9]}", font=fonts.font(fonts.HEI, 52), fill=INK)
    period = f"有效期限   {facts['valid_from'].replace('-', '.')}-长期"
    pen.text((260, 860), period, font=fonts.font(fonts.HEI, 52), fill=INK)
    return image


def _bank_card(random: Random) -> Image.Image:
    shade = tuple(random.randint(30, 160) for _ in range(3))
    image = Image.new("RGB", (1600, 1008), shade)
    pen = ImageDraw.Draw(image)
    pen.text((90, 90), random.choice(BANKS), font=fonts.font(fonts.HEAVY_HEI, 110), fill="white")
    pen.rounded_rectangle((120, 360, 330, 520), 26, fill=(214, 186, 110))
    digits = "".join(random.choice("0123456789") for _ in range(15))
    number = f"0{digits[:3]} {digits[3:7]} {digits[7:11]} {digits[11:]}"
    pen.text((120, 620), number, font=fonts.font(fonts.HEI, 120), fill=(238, 238, 232))
    pen.text((640, 800), "VALID THRU 09/31", font=fonts.font(fonts.HEI, 54), fill=(238, 238, 232))
    pen.text((1200, 80), "借记卡", font=fonts.font(fonts.HEI, 80), fill="white")
    return image


def _number_plate(random: Random) -> Image.Image:
    image = Image.new("RGB", (1600, 520), (24, 66, 160))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((20, 20, 1580, 500), 40, outline="white", width=14)
    plate = people.car(random).front["plate_no"]
    pen.text((800, 260), f"{plate[:2]}·{plate[2:]}", font=fonts.font(fonts.HEAVY_HEI, 240), fill="white", anchor="mm")
    return image


def _receipt(random: Random) -> Image.Image:
    image = Image.new("RGB", (900, 1300), (244, 243, 238))
    pen, font = ImageDraw.Draw(image), fonts.font(fonts.SONG, 44)
    pen.text((450, 90), "平价便民超市", font=fonts.font(fonts.HEI, 70), fill=INK, anchor="mm")
    goods = ("矿泉水550ml", "全麦面包", "鲜牛奶1L", "鸡蛋10枚", "车载香薰", "记录本", "合计", "实收", "找零")
    for row, name in enumerate(goods):
        pen.text((90, 260 + row * 92), name, font=font, fill=INK, anchor="lm")
        price = f"{random.randint(1, 99)}.{random.randint(0, 99):02d}"
        pen.text((810, 260 + row * 92), price, font=font, fill=INK, anchor="rm")
    pen.text((450, 1200), "谢谢惠顾 欢迎再来", font=font, fill=INK, anchor="mm")
    return image


def _chat(random: Random) -> Image.Image:
    facts, image = _facts(random), Image.new("RGB", (900, 1700), (237, 237, 240))
    pen, font, y = ImageDraw.Draw(image), fonts.font(fonts.HEI, 38), 210.0
    pen.text((450, 90), "车险小赵", font=fonts.font(fonts.HEI, 46), fill=INK, anchor="mm")
    for place, template in enumerate(random.sample(CHAT, len(CHAT))):
        text = template.format_map(facts)
        wide = font.getlength(text) + 60
        left = 40 if place % 2 else 860 - wide
        pen.rounded_rectangle((left, y, left + wide, y + 96), 18, fill="white" if place % 2 else (160, 226, 120))
        pen.text((left + 30, y + 48), text, font=font, fill=INK, anchor="lm")
        y += 170
    return image


def _code(random: Random) -> Image.Image:
    facts, image = _facts(random), Image.new("RGB", (1600, 1000), (32, 34, 40))
    pen, font = ImageDraw.Draw(image), fonts.font(fonts.MICRO_HEI, 36)
    for row, line in enumerate(CODE):
        pen.text((40, 60 + row * 58), str(row + 1), font=font, fill=(110, 114, 122))
        text = line
        for name in ("plate_no", "vin", "engine_no", "owner", "register_date"):
            text = text.replace("{" + name + "}", facts[name])
        pen.text((130, 60 + row * 58), text, font=font, fill=(206, 210, 216))
    return image


def _cat(random: Random) -> Image.Image:
    generator = np.random.default_rng(random.randrange(1 << 30))
    fur = (random.randint(90, 210), random.randint(80, 150), random.randint(60, 110))
    image = Image.new("RGB", (1280, 960), (random.randint(120, 200), 150, 140))
    pen = ImageDraw.Draw(image)
    pen.ellipse((340, 420, 960, 1100), fill=fur)
    pen.polygon([(430, 300), (470, 90), (600, 230)], fill=fur)
    pen.polygon([(850, 300), (810, 90), (680, 230)], fill=fur)
    pen.ellipse((410, 170, 870, 580), fill=fur)
    for x in (540, 740):
        pen.ellipse((x - 45, 310, x + 45, 390), fill=(190, 200, 90))
        pen.ellipse((x - 10, 315, x + 10, 385), fill=(20, 20, 20))
    for drop in (-30, 0, 30):
        pen.line((610, 450, 380, 440 + 2 * drop), fill="white", width=3)
        pen.line((670, 450, 900, 440 + 2 * drop), fill="white", width=3)
    hair = generator.normal(0, 22, (960, 1280, 1))
    return Image.fromarray(np.clip(np.asarray(image, float) + hair, 0, 255).astype(np.uint8))


def _landscape(random: Random) -> Image.Image:
    scene = Image.new("RGB", (1400, 940), (150, 190, 230))
    pen = ImageDraw.Draw(scene)
    for _ in range(5):
        x, wide, top = random.randint(-200, 1300), random.randint(300, 700), random.randint(150, 500)
        pen.polygon([(x, 660), (x + wide // 2, top), (x + wide, 660)], fill=(96, random.randint(90, 130), 100))
    pen.rectangle((0, 660, 1400, 940), fill=(88, 130, 70))
    for post in range(60, 1400, 120):
        pen.rectangle((post, 620, post + 14, 780), fill=(120, 92, 64))
    return scene.filter(ImageFilter.GaussianBlur(1))


def _blank(random: Random) -> Image.Image:
    shade = random.randint(0, 255)
    return Image.new("RGB", (1280, 900), (shade, shade, max(shade - 6, 0)))


def _noise(random: Random) -> Image.Image:
    generator = np.random.default_rng(random.randrange(1 << 30))
    coarse = random.choice((1, 2, 8))
    grains = generator.integers(0, 256, (720 // coarse, 960 // coarse, 3), dtype=np.uint8)
    return Image.fromarray(grains).resize((960, 720), Image.Resampling.NEAREST)


DRAWN: Mapping[str, Callable[[Random], Image.Image]] = MappingProxyType(
    {
        "identity-back": _identity_back,
        "bank-card": _bank_card,
        "number-plate": _number_plate,
        "receipt": _receipt,
        "chat": _chat,
        "code": _code,
        "cat": _cat,
        "landscape": _landscape,
        "blank": _blank,
        "noise": _noise,
    }
)
SCREENS = frozenset({"app-screen", "chat", "code"})
SCENES = frozenset({"cat", "landscape", "blank", "noise"})
KINDS = (*SHEETS, *DRAWN)
