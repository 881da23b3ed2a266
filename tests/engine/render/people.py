"""Invented people and vehicles: the text that a drawn license carries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine.render import models
from tests.engine.render.addresses import address
from tests.engine.render.places import PLACES

if TYPE_CHECKING:
    from random import Random

    from tests.engine.render.models import Model
    from tests.engine.render.places import Place

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边"
)
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "端木")
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉力健世广志义兴良海山仁波宁贵福生龙元全"
    "国胜学祥才发武新利清飞彬富顺信子昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心"
    "邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰"
    "士以建家致树炎德行时泰盛雄琛钧冠策腾榕风航弘梓涵轩宇浩欣怡雨佳悦诗琪梦婷雪倩颖蕾薇莉萍红玲"
    "桃梅菊兰竹春夏秋冬月云霄岚峰岭石玉珍珠宝金银铁钢铜木水火土一二三四小大长方圆东南西北"
)
# Seldom written; those of the second line are beyond GB 2312.
SELDOM = ("淼鑫焱磊犇骁骞翊瑾瑜璐珏琰琬麒麟霖霏霁巍嵘嵩曦晖暄炜烽焕煜熠燊", "喆堃昇玥珺頔赟昀烨彧祎婧璟垚犇翀珮晞旸湉")
NATIONS = (
    "阿依古丽·买买提",
    "买买提江·吐尔逊",
    "古丽娜尔·艾合买提",
    "努尔兰·哈力木别克",
    "艾力·阿不都热合曼",
    "帕提古丽·吾斯曼江",
    "扎西次仁",
    "格桑卓玛",
    "旦增罗布",
    "乌日娜",
    "巴特尔",
    "斯琴高娃",
    "阿迪力·玉素甫·阿吉",
    "吉克阿依",
    "沙马木呷",
    "迪丽努尔·库尔班",
)
ABROAD = (
    ("MARTIN JOHN ALAN", "美国"),
    ("KIM MINSU", "韩国"),
    ("TANAKA HIROSHI", "日本"),
    ("DUPONT MARIE", "法国"),
    ("IVANOV SERGEY", "俄罗斯"),
    ("陈嘉铭", "中国香港"),
    ("林子维", "中国台湾"),
)
FIRMS = (
    "顺达", "恒通", "华诚", "鼎盛", "宏远", "金桥", "瑞丰", "天翼", "嘉禾", "博远", "永泰", "中联腾", "万里行", "鑫源",
    "众悦达", "百川汇", "祥瑞", "一路发", "欣荣", "德润",
)  # fmt: skip
TRADES = (
    "物流", "汽车租赁", "建筑工程", "商贸", "运输", "新能源科技", "餐饮管理", "电子科技", "农业发展", "市政园林工程",
    "供应链管理", "医疗器械", "文化传媒", "环保设备", "汽车服务", "国际货运代理",
)  # fmt: skip
LEGAL_FORMS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
BRANCHES = ("第一", "第二", "城南", "开发区")
OFFICES = (
    "{district}人民政府",
    "{city}公安局{district}分局",
    "{district}卫生健康局",
    "{city}第{number}人民医院",
    "{district}综合行政执法局",
    "{city}消防救援支队",
    "{city}实验中学",
    "{district}{town}镇人民政府",
    "{city}公共交通集团有限公司",
    "{province}电力有限公司{district}供电公司",
)
OFFICE_OF_USE = {
    "警用": "{city}公安局{district}分局",
    "消防": "{city}消防救援支队",
    "救护": "{city}第{number}人民医院",
    "公交客运": "{city}公共交通集团有限公司",
}
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
SERIAL_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
GREEN = {"电": "DABCE", "混合动力": "FGHJK"}  # the letters of green plates, by energy
MARK_OF_USE = {"教练": "学", "警用": "警"}
CONSULAR = frozenset({"沪A", "粤A", "川A"})  # where consulates are
# A for a letter, 9 for a digit, all else as it stands.
ENGINE_SHAPES = (
    "999999", "A999999", "AA99999", "9A999999", "A99A9999999", "AAA999999", "99999999", "A9A99999999", "AA9A9AA999999",
    "9999A999999", "999AAA9999", "A999999999", "AA99-9999999", "A99AAA*9999999*", "AA999XA9999999", "999A9A99999",
    "WP99.999A99A*999999",
)  # fmt: skip
WITH_O_OR_I = ("O9A999999", "AI99999O", "A99O9999")  # letters that makers avoid
CLASSES = (
    "C1", "C1", "C1", "C2", "C2", "C1E", "C1D", "C2D", "B2", "B2E", "B1B2", "B2D", "A1", "A2", "A2D", "A1A2", "A2E",
    "A1A2D", "A1D", "A3", "C1C4", "C3", "C5", "C1C6", "C6", "D", "E", "F", "DE", "A2M", "C1N",
)  # fmt: skip


LATEST = 2024  # the last year in which a license was issued


@dataclass(frozen=True, slots=True)
class Car:
    """One invented vehicle with its owner: the fields of both pages, as printed."""

    front: dict[str, str]
    back: dict[str, str]
    energy: str


@dataclass(frozen=True, slots=True)
class Driver:
    """One invented driver: the fields of both pages, as printed."""

    front: dict[str, str]
    back: dict[str, str]


def car(random: Random) -> Car:
    """A vehicle whose dates, masses and check digits agree with each other."""
    place, model = random.choice(PLACES), models.pick(random)
    use = random.choice(model.uses)
    plate = _plate(random, place, model, use)
    registered = _day(random, 2008, LATEST)
    issued = registered if random.random() < 0.6 else registered + dt.timedelta(days=random.randint(30, 1200))
    front = {
        "plate_no": plate,
        "vehicle_type": model.kind,
        "owner": _owner(random, place, use),
        "address": address(random, place),
        "use_character": use,
        "brand_model": model.brand,
        "vin": vin(random, model.maker),
        "engine_no": random.choice(("--", "无")) if model.is_trailer else _engine_no(random),
        "register_date": registered.isoformat(),
        "issue_date": issued.isoformat(),
        "issuing_authority": random.choice(place.authorities),
    }
    back = {
        "plate_no": plate,
        "file_no": _file_no(random),
        "passengers": model.passengers,
        "gross_mass_kg": _mass(model.gross),
        "curb_mass_kg": _mass(model.curb),
        "rated_load_kg": _mass(model.load),
        "dimensions": "×".join(map(str, model.size)) + "mm",
        "towing_mass_kg": _mass(model.towing),
        "remarks": _remarks(random, model, registered),
        "inspection": "".join(_inspections(random, place, registered)),
        "barcode": _digits(random, 13),
    }
    if random.random() < 0.4 and not model.is_trailer:
        # A late edition, so its stamps are few.
        back |= {"energy_type": model.energy, "inspection": "".join(_inspections(random, place, registered)[:2])}
    return Car(front, back, model.energy)


def driver(random: Random) -> Driver:
    """A driver whose license number carries the right birth date and check digit."""
    place = random.choice(PLACES)
    born = _day(random, 1955, 2001)
    first = dt.date(born.year + random.randint(18, 24), random.randint(1, 12), random.randint(1, 28))
    renewals = [first, *(_years_on(first, years) for years in (6, 16) if first.year + years <= LATEST)]
    start = random.choice((renewals[-1], renewals[-1], random.choice(renewals)))
    end = _end(random, first, start)
    male = random.random() < 0.5
    name, nation = random.choice(ABROAD) if random.random() < 0.04 else (person(random), "中国")
    front = {
        "license_no": citizen_number(random, born, male=male),
        "name": name,
        "sex": "男" if male else "女",
        "nationality": nation,
        "address": address(random, place),
        "birth_date": born.isoformat(),
        "first_issue_date": first.isoformat(),
        "vehicle_classes": random.choice(CLASSES),
        "valid_from": start.isoformat(),
        "valid_until": end,
        "issuing_authority": random.choice(place.authorities),
    }
    back = {
        "license_no": front["license_no"],
        "name": name,
        "file_no": _digits(random, 12),
        "record": _record(random, first, end),
    }
    return Driver(front, back)


def person(random: Random) -> str:
    """A person's name: mostly of two or three characters, some of them seldom written, or of another people."""
    drawn = random.random()
    if drawn < 0.08:
        return random.choice(NATIONS)
    surname = random.choice(COMPOUND_SURNAMES) if drawn < 0.14 else random.choice(SURNAMES)
    given = "".join(random.choice(GIVEN) for _ in range(random.choice((1, 2, 2))))
    if drawn > 0.88:
        given = given[:-1] + random.choice(random.choice(SELDOM))
    return surname + given


def vin(random: Random, maker: str) -> str:
    """A VIN of 17 characters; place nine holds the check digit, but for some makers abroad, who need none."""
    body = maker + _some(random, VIN_LETTERS, 5) + "0" + _some(random, VIN_LETTERS, 3) + _digits(random, 5)
    if maker[0] in "JKSVWYZ" and random.random() < 0.5:
        return body[:8] + "Z" + body[9:]
    total = sum(
        weight * VIN_VALUES.get(letter, 0 if letter.isalpha() else int(letter, 36))
        for weight, letter in zip(VIN_WEIGHTS, body, strict=True)
    )
    return body[:8] + "0123456789X"[total % 11] + body[9:]


def citizen_number(random: Random, born: dt.date, *, male: bool) -> str:
    """A citizen number of 18 places with the right check character; its region code belongs to no place."""
    sex = random.choice("13579" if male else "02468")
    body = f"990{random.randint(100, 999)}{born:%Y%m%d}{random.randint(0, 99):02d}{sex}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def _plate(random: Random, place: Place, model: Model, use: str) -> str:
    mark = "挂" if model.is_trailer else MARK_OF_USE.get(use, "")
    if mark:
        return place.prefix + _serial(random, 4) + mark
    if place.prefix.startswith("粤") and random.random() < 0.08:
        return "粤Z" + _serial(random, 4) + random.choice("港澳")
    if place.prefix in CONSULAR and random.random() < 0.05:
        return place.prefix + "0" + _digits(random, 3) + "领"
    letters = "" if "摩托车" in model.kind else GREEN.get(model.energy, "")
    if not letters:
        return place.prefix + _serial(random, 5)
    if model.gross > 4500:
        return place.prefix + _digits(random, 5) + random.choice(letters)
    return place.prefix + random.choice(letters) + random.choice(SERIAL_LETTERS[:8] + "0123456789") + _digits(random, 4)


def _serial(random: Random, places: int) -> str:
    """Digits and at most two letters, as a plate's serial has them."""
    letters = set(random.sample(range(places), random.choice((0, 0, 1, 1, 2))))
    return "".join(random.choice(SERIAL_LETTERS if at in letters else "0123456789") for at in range(places))


def _owner(random: Random, place: Place, use: str) -> str:
    drawn = random.random()
    if use in OFFICE_OF_USE or drawn < 0.05:
        return OFFICE_OF_USE.get(use, random.choice(OFFICES)).format(
            district=random.choice(place.districts),
            city=place.city or place.province,
            province=place.province[:2],
            number=random.choice("一二三"),
            town=random.choice(("平安", "清河", "龙泉", "双桥")),
        )
    if drawn > (0.3 if use == "非营运" else 0.75):
        return person(random)
    firm, trade, form = random.choice(FIRMS), random.choice(TRADES), random.choice(LEGAL_FORMS)
    return random.choice(
        (
            f"{place.name}{firm}{trade}{form}",
            f"{place.name}{firm}{trade}{form}",
            f"{firm}（{place.name}）{trade}{form}",
            f"{place.city or place.province}{random.choice(place.districts)}{firm}{trade}{form}",
            f"{place.name}{firm}{trade}合伙企业（有限合伙）",
            f"{place.name}{firm}{trade}{form}{random.choice(BRANCHES)}分公司",
            f"{random.choice(place.districts)}{person(random)[:1]}记{trade}经营部（个体工商户）",
        )
    )


def _engine_no(random: Random) -> str:
    """A serial in one of the shapes that makers use."""
    choices = {"A": SERIAL_LETTERS, "9": "0123456789"}
    shape = random.choice(WITH_O_OR_I if random.random() < 0.02 else ENGINE_SHAPES)
    return "".join(random.choice(choices.get(mark, mark)) for mark in shape)


def _file_no(random: Random) -> str:
    """Twelve digits, or the letters and dashes of older archives."""
    if random.random() < 0.94:
        return _digits(random, 12)
    return f"{random.choice('ABCS')}{_digits(random, 2)}-{_digits(random, 8)}"


def _mass(kilograms: int) -> str:
    return f"{kilograms}kg" if kilograms else "--"


def _remarks(random: Random, model: Model, registered: dt.date) -> str:
    """What the authority wrote beside the vehicle's data, if anything."""
    colon = random.choice("::：")
    scrapped = _years_on(registered, 15)
    choices: tuple[str, ...] = (
        "",
        "",
        f"强制报废期止{colon}{scrapped}",
        f"强制报废期止{colon}{scrapped}",
        f"{_day(random, registered.year, registered.year + 3)}变更车身颜色",
        "道路运输车辆",
        f"检验合格至{registered.year + 2}年{registered.month}月有效",
        f"强制报废期止{colon}{scrapped}。{registered.year + 1}-03-18补领行驶证",
    )
    if model.load:
        choices += (f"货箱内部尺寸{colon}{model.size[0] - 1900}×{model.size[1] - 120}×400mm",)
    if model.kind.endswith("牵引车"):
        choices += ("半挂车鞍座最大允许承载质量16000kg",)
    if model.energy == "电":
        choices += ("纯电动", f"驱动电机型号{colon}TZ210XS{_digits(random, 3)}")
    return random.choice(choices)


def _inspections(random: Random, place: Place, registered: dt.date) -> list[str]:
    """The lines that inspections left on the paper, one to four: until when, and who stamped it."""
    mark = random.choice((place.prefix, place.prefix, f"{place.prefix}({random.randint(1, 29):02d})", "", "(4S)"))
    style = random.choice(
        ("检验有效期至{year}年{month:02d}月{mark}",) * 4 + ("检验有效期至{year}年{month}月{mark}有效",)
    )
    years = (2, 4, 6, 7)[: random.choice((1, 1, 1, 2, 2, 3, 4))]
    return [style.format(year=registered.year + later, month=registered.month, mark=mark) for later in years]


def _end(random: Random, first: dt.date, start: dt.date) -> str:
    """When the license ends: a day, never, or, in the older edition, after a number of years."""
    years = 6 if start == first else 10
    drawn = random.random()
    if start.year - first.year > 10 and drawn < 0.6:
        return "长期"
    return f"{years}年" if drawn < 0.3 else _years_on(start, years).isoformat()


def _record(random: Random, first: dt.date, end: str) -> str:
    """What the side page notes, if anything."""
    trial, wider = _years_on(first, 1), _years_on(first, 3)
    notes = [
        "",
        f"实习期至{_written(trial)}。",
        f"{_written(wider)}增加准驾车型{random.choice(('B2', 'D', 'A2'))}。",
        "请每年提交一次身体条件证明。",
        "需配戴眼镜驾驶。",
    ]
    note = random.choice(notes)
    if not end.endswith("期") and random.random() < 0.75:
        last = dt.date.fromisoformat(end) if end[-1].isdigit() else _years_on(first, 6)
        note += f"请于{_written(last)}前九十日内申请换领新驾驶证。"
    return note


def _written(day: dt.date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _day(random: Random, first: int, last: int) -> dt.date:
    return dt.date(random.randint(first, last), random.randint(1, 12), random.randint(1, 28))


def _years_on(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year + years)


def _digits(random: Random, count: int) -> str:
    return _some(random, "0123456789", count)


def _some(random: Random, letters: str, count: int) -> str:
    return "".join(random.choice(letters) for _ in range(count))
