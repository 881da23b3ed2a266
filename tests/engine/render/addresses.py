"""Invented addresses in the shapes that papers bear: streets, estates, villages, works, letters, long and short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.engine.render.places import Place

ROADS = (
    "人民路", "解放大道", "中山北路", "建设西街", "科技园路", "学府路", "迎宾大道", "长江东路", "和平巷", "滨河南路",
    "文化宫街", "新华横路", "朝阳北大街", "振兴五路", "站前一路", "胜利胡同", "沿江中路", "工业园经三路",
    "环城西路辅路", "凤凰岭路", "芙蓉里", "南后街", "北四环东路", "槐荫街", "纬十二路", "翠微路",
)  # fmt: skip
ESTATES = (
    "阳光花园", "翠湖苑", "锦绣家园", "东方名城", "绿洲小区", "金色港湾", "书香门第", "枫林雅居", "怡景新村", "御龙湾",
    "水岸星城", "机械厂家属院", "香榭丽都", "铁路三村", "万象公馆", "梧桐墅", "碧桂苑", "滨江壹号",
)  # fmt: skip
TOWNS = (
    "平安",
    "清河",
    "龙泉",
    "双桥",
    "石门",
    "高坪",
    "新市",
    "柳林",
    "马家堡",
    "白塔",
    "沙河",
    "鹅湖",
    "崇仁",
    "洛带",
)
VILLAGES = (
    "上河",
    "东庄",
    "李家湾",
    "桥头",
    "大屋场",
    "青石",
    "后坡",
    "张庄",
    "下洋",
    "蒋家沟",
    "南寨",
    "新丰",
    "塘尾",
)
STREETS = ("城东", "解放", "花园", "长虹", "北关", "望江", "古楼", "康乐")


def address(random: Random, place: Place) -> str:
    """An address in this place; now and then the province, or the city too, is left out."""
    district = random.choice(place.districts)
    head = place.province + place.city if random.random() < 0.85 else place.city or place.province
    rural = district.endswith(("县", "旗", "镇", "市")) and random.random() < 0.7
    shape = random.choice(_RURAL if rural else _URBAN)
    return head + district + shape(random)


def _number(random: Random) -> str:
    return random.choice((f"{random.randint(1, 399)}号", f"{random.randint(1, 99)}号附{random.randint(1, 9)}号"))


def _on_street(random: Random) -> str:
    return random.choice(ROADS) + _number(random)


def _in_estate(random: Random) -> str:
    block, stairs = random.randint(1, 40), random.randint(1, 4)
    flat = f"{random.randint(1, 32)}0{random.randint(1, 6)}"
    house = random.choice(
        (
            f"{block}栋{stairs}单元{flat}室",
            f"{block}号楼{stairs}单元{flat}",
            f"{block}幢{flat}室",
            f"{random.choice('ABCDEFG')}座{flat}",
            f"{block}-{stairs}-{flat}",
            f"{random.choice('ABC')}{block}栋{flat}房",
        )
    )
    estate = random.choice(ESTATES)
    return random.choice((_on_street(random) + estate, random.choice(ROADS) + estate, estate)) + house


def _of_community(random: Random) -> str:
    return f"{random.choice(STREETS)}街道{random.choice(VILLAGES)}社区{random.choice(ROADS)}{_number(random)}"


def _at_works(random: Random) -> str:
    works = random.choice(("高新技术产业开发区", "经济技术开发区", "综合保税区", "软件园二期"))
    hall = random.choice(("标准厂房", "创新中心", "孵化大楼", "仓储园"))
    letter, floor = random.choice("ABCD"), random.randint(1, 18)
    return (
        f"{works}{_on_street(random)}{hall}{letter}{random.randint(1, 9)}栋{floor}楼{floor}{random.randint(10, 30)}室"
    )


def _collective(random: Random) -> str:
    house = random.choice(("集体户", "学生集体宿舍", "职工宿舍"))
    return _on_street(random) + house + random.choice(("", "2栋", "503"))


def _in_village(random: Random) -> str:
    town = random.choice(TOWNS) + random.choice(("镇", "镇", "乡"))
    village = random.choice(VILLAGES)
    group = random.choice("一二三四五六七八九十") if random.random() < 0.3 else str(random.randint(1, 18))
    return town + random.choice(
        (
            f"{village}村{group}组",
            f"{village}村{group}组{random.randint(1, 199)}号",
            f"{village}村委会{random.choice(VILLAGES)}自然村{random.randint(1, 99)}号",
            f"{village}行政村{group}社",
            f"{village}村民委员会第{group}村民小组{random.randint(1, 99)}号附{random.randint(1, 9)}号",
            f"{random.choice(ROADS)}{random.randint(1, 199)}号",
        )
    )


_URBAN: tuple[Callable[[Random], str], ...] = (
    _on_street,
    _in_estate,
    _in_estate,
    _in_estate,
    _of_community,
    _at_works,
    _collective,
)
_RURAL: tuple[Callable[[Random], str], ...] = (_in_village, _in_village, _in_village, _in_estate, _on_street)
