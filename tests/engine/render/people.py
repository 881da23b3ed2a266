"""Invented people and vehicles: the text that a drawn license carries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉力健世广志义兴良海山仁波宁贵福生龙元全"
    "国胜学祥才发武新利清飞彬富顺信子昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心"
    "邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰"
    "士以建家致树炎德行时泰盛"
)
# plate prefix, province, city, districts
PLACES = [
    ("粤B", "广东省", "深圳市", ("福田区", "南山区", "龙岗区", "宝安区")),
    ("皖A", "安徽省", "合肥市", ("庐阳区", "蜀山区", "包河区", "肥东县")),
    ("苏E", "江苏省", "苏州市", ("姑苏区", "吴中区", "昆山市", "常熟市")),
    ("浙A", "浙江省", "杭州市", ("西湖区", "余杭区", "滨江区", "萧山区")),
    ("川A", "四川省", "成都市", ("武侯区", "锦江区", "青羊区", "双流区")),
    ("鲁B", "山东省", "青岛市", ("市南区", "崂山区", "黄岛区", "即墨区")),
    ("鄂A", "湖北省", "武汉市", ("江岸区", "武昌区", "洪山区", "江夏区")),
    ("陕A", "陕西省", "西安市", ("雁塔区", "碑林区", "未央区", "长安区")),
    ("辽A", "辽宁省", "沈阳市", ("和平区", "沈河区", "皇姑区", "浑南区")),
    ("豫A", "河南省", "郑州市", ("金水区", "中原区", "二七区", "新郑市")),
    ("闽D", "福建省", "厦门市", ("思明区", "湖里区", "集美区", "翔安区")),
    ("京N", "北京市", "", ("朝阳区", "海淀区", "丰台区", "通州区")),
    ("沪C", "上海市", "", ("浦东新区", "闵行区", "嘉定区", "松江区")),
    ("渝F", "重庆市", "", ("渝中区", "江北区", "南岸区", "巴南区")),
]
ROADS = (
    "人民路",
    "解放大道",
    "中山北路",
    "建设西街",
    "科技园路",
    "学府路",
    "迎宾大道",
    "长江东路",
    "和平巷",
    "滨河南路",
)
ESTATES = ("阳光花园", "翠湖苑", "锦绣家园", "东方名城", "绿洲小区", "金色港湾", "书香门第", "枫林雅居")
COMPANIES = ("顺达物流有限公司", "恒通汽车租赁有限公司", "华诚建筑工程有限公司", "鼎盛商贸有限公司")
# vehicle type, use, brand and model, WMI, seats, curb kg, gross kg, load kg, towing kg, size, energy
VEHICLES = [
    ("小型轿车", "非营运", "大众汽车牌FV7187FBDBG", "LFV", 5, 1450, 1910, None, None, (4790, 1825, 1472), "汽油"),
    ("小型轿车", "非营运", "别克牌SGM7151LAAA", "LSG", 5, 1270, 1690, None, None, (4620, 1780, 1498), "汽油"),
    ("小型普通客车", "非营运", "东风本田牌CRV2000AH5", "LVH", 5, 1615, 2075, None, None, (4621, 1855, 1679), "汽油"),
    ("小型轿车", "预约出租客运", "比亚迪牌BYD7009BEVJ1", "LGX", 5, 1900, 2275, None, None, (4765, 1837, 1500), "电"),
    ("轻型厢式货车", "货运", "江淮牌HFC5041XXYP73K1C3", "LJ1", 2, 2550, 4495, 1750, None, (5995, 2050, 2890), "柴油"),
    ("重型半挂牵引车", "货运", "解放牌CA4250P66K2E5", "LFW", 2, 8805, 25000, None, 40000, (7150, 2550, 3650), "柴油"),
    ("大型普通客车", "旅游客运", "宇通牌ZK6119H5Y", "LZY", 49, 12100, 17000, None, None, (10990, 2500, 3580), "柴油"),
    ("普通二轮摩托车", "非营运", "豪爵牌HJ125-7C", "LC6", 2, 116, 266, None, None, (2005, 750, 1090), "汽油"),
    ("小型越野客车", "租赁", "丰田牌GTM6480ADL", "LVG", 7, 1880, 2500, None, None, (4855, 1925, 1720), "汽油"),
]  # fmt: skip
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CLASSES = ("C1", "C2", "C1E", "B2", "A1A2", "C1D", "B1B2", "A2")


@dataclass(frozen=True, slots=True)
class Car:
    """One invented vehicle with its owner: the fields of both pages, as printed."""

    front: dict[str, str]
    back: dict[str, str]


@dataclass(frozen=True, slots=True)
class Driver:
    """One invented driver: the fields of both pages, as printed."""

    front: dict[str, str]
    back: dict[str, str]


def car(random: Random) -> Car:
    """A vehicle whose dates, masses and check digits agree with each other."""
    prefix, province, city, districts = random.choice(PLACES)
    kind, use, brand, maker, seats, curb, gross, load, towing, size, energy = random.choice(VEHICLES)
    plate = prefix + _serial(random, electric=energy == "电")
    registered = _day(random, 2008, 2021)
    issued = registered if random.random() < 0.6 else registered + dt.timedelta(days=random.randint(30, 1200))
    valid = dt.date(issued.year + 2, registered.month, 1)
    company = random.random() < 0.2
    owner = (city or province).removesuffix("市") + random.choice(COMPANIES) if company else person(random)
    front = {
        "plate_no": plate,
        "vehicle_type": kind,
        "owner": owner,
        "address": _address(random, province, city, districts),
        "use_character": use,
        "brand_model": brand,
        "vin": vin(random, maker),
        "engine_no": "".join(random.choice("0123456789ABCDEFGHJKLMN") for _ in range(random.randint(6, 9))),
        "register_date": registered.isoformat(),
        "issue_date": issued.isoformat(),
        "issuing_authority": _authority(province, city),
    }
    back = {
        "plate_no": plate,
        "file_no": "".join(random.choice("0123456789") for _ in range(12)),
        "passengers": f"{seats}人",
        "gross_mass_kg": f"{gross}kg",
        "curb_mass_kg": f"{curb}kg",
        "rated_load_kg": f"{load}kg" if load else "--",
        "dimensions": "×".join(map(str, size)) + "mm",
        "towing_mass_kg": f"{towing}kg" if towing else "--",
        "remarks": random.choice(
            ("", f"强制报废期止:{registered.replace(year=registered.year + 15, day=1)}", "道路运输车辆", "")
        ),
        "inspection": f"检验有效期至{valid.year}年{valid.month:02d}月{prefix}",
        "barcode": "".join(random.choice("0123456789") for _ in range(13)),
    }
    if random.random() < 0.4:
        back["energy_type"] = energy
    return Car(front, back)


def driver(random: Random) -> Driver:
    """A driver whose license number carries the right birth date and check digit."""
    _, province, city, districts = random.choice(PLACES)
    born = _day(random, 1955, 1998)
    first = dt.date(born.year + random.randint(18, 24), random.randint(1, 12), random.randint(1, 28))
    start = first.replace(year=first.year + 6)
    end = random.choice((start.replace(year=start.year + 10).isoformat(), "长期", "6年"))
    male = random.random() < 0.5
    number = citizen_number(random, born, male=male)
    name = person(random)
    front = {
        "license_no": number,
        "name": name,
        "sex": "男" if male else "女",
        "nationality": "中国",
        "address": _address(random, province, city, districts),
        "birth_date": born.isoformat(),
        "first_issue_date": first.isoformat(),
        "vehicle_classes": random.choice(CLASSES),
        "valid_from": start.isoformat(),
        "valid_until": end,
        "issuing_authority": _authority(province, city),
    }
    back = {
        "license_no": number,
        "name": name,
        "file_no": "".join(random.choice("0123456789") for _ in range(12)),
        "record": f"请于{start.year + 10}年{start.month:02d}月{start.day:02d}日前九十日内申请换领新驾驶证。",
    }
    return Driver(front, back)


def person(random: Random) -> str:
    """A person's name of two or three characters."""
    return random.choice(SURNAMES) + "".join(random.choice(GIVEN) for _ in range(random.choice((1, 2, 2))))


def vin(random: Random, maker: str) -> str:
    """A VIN of 17 characters with the right check digit at place nine."""
    body = maker + "".join(random.choice(VIN_LETTERS) for _ in range(5)) + "0"
    body += "".join(random.choice(VIN_LETTERS) for _ in range(3)) + "".join(
        random.choice("0123456789") for _ in range(5)
    )
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


def _serial(random: Random, *, electric: bool) -> str:
    digits = "".join(random.choice("0123456789") for _ in range(5))
    if electric:
        return random.choice("DABC") + random.choice("ABCDEFGH0123456789") + digits[:4]
    return "".join(random.choice((random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ"), digit, digit)) for digit in digits)


def _day(random: Random, first: int, last: int) -> dt.date:
    return dt.date(random.randint(first, last), random.randint(1, 12), random.randint(1, 28))


def _authority(province: str, city: str) -> str:
    return f"{province}{city}公安局交通警察支队" if city else f"{province}公安局交通警察总队"


def _address(random: Random, province: str, city: str, districts: tuple[str, ...]) -> str:
    text = province + city + random.choice(districts) + random.choice(ROADS) + f"{random.randint(1, 399)}号"
    if random.random() < 0.6:
        text += (
            random.choice(ESTATES)
            + f"{random.randint(1, 30)}栋{random.randint(1, 3)}单元{random.randint(1, 32)}0{random.randint(1, 6)}室"
        )
    return text
