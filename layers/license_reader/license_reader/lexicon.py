"""The words that licenses are printed with: vehicle types, uses, classes, provinces, energy.

A name that is not here is looked at by a person, so the lists are wide: names of older editions and the spellings that
offices really print stand beside those of the standards.
"""

from __future__ import annotations

from itertools import product

PROVINCES = "京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# GA/T 16.3, codes A to U; then spellings of the same uses.
USE_CHARACTERS = _words(
    "非营运 公路客运 公交客运 出租客运 旅游客运 货运 租赁 警用 消防 救护 工程救险 营转非 出租转非 教练 幼儿校车",
    "小学生校车 初中生校车 危化品运输 中小学生校车 预约出租客运 预约出租转非",
    "工程抢险 危险品运输 危险货物运输 出租营转非 其他",
)

# 公安部令第162号, appendix 1; C6, light trailers, since 2022.
VEHICLE_CLASSES = _words("A1 A2 A3 B1 B2 C1 C2 C3 C4 C5 C6 D E F M N P")

_BODIES = "普通 栏板 厢式 封闭 封闭式 罐式 平板 自卸 特殊结构 仓栅式 多用途"
_TIPPERS = "厢式自卸 栏板自卸 罐式自卸 平板自卸 集装厢自卸 集装箱自卸 特殊结构自卸 仓栅式自卸"
_TRAILERS = "普通 栏板 厢式 罐式 平板 低平板 集装箱 集装厢 自卸 特殊结构 仓栅式 旅居 专项作业 车辆运输"

# GA/T 16.4: a size, a body, a kind, each list by itself regular; "-" stands for nothing.
_GRID = (
    ("大型 中型", "- 普通 双层 卧铺 铰接 越野 专用", "客车"),
    ("小型 微型", "- 普通 越野 专用", "客车"),
    ("- 大型 中型 小型 微型", "-", "轿车"),
    ("大型 中型 小型", "专用 专用小学生 专用幼儿 专用中小学生", "校车"),
    ("小型 微型", "-", "面包车"),
    ("重型 中型 轻型 微型", f"- {_BODIES} {_TIPPERS}", "货车"),
    ("重型 中型 轻型 微型", "集装厢 集装箱 车辆运输", "车"),
    ("低速", f"- {_BODIES} {_TIPPERS}", "货车"),
    ("-", f"{_BODIES} {_TIPPERS}", "低速货车"),
    ("-", "-", "低速货车"),
    ("重型 中型 轻型", "- 半挂 全挂", "牵引车"),
    ("- 重型 大型 中型 小型 轻型 微型", "- 载货 非载货", "专项作业车"),
    ("重型 中型 轻型", f"- {_TRAILERS} {_TIPPERS}", "全挂车"),
    ("重型 中型 轻型", f"- {_TRAILERS} {_TIPPERS}", "半挂车"),
    ("重型 中型 轻型", f"- {_TRAILERS} {_TIPPERS}", "中置轴挂车"),
    ("重型中置轴 中型中置轴 轻型中置轴", f"- {_TRAILERS} {_TIPPERS}", "挂车"),
    ("普通 轻便", "二轮 两轮 正三轮", "摩托车"),
    ("-", "正三轮载客 正三轮载货 侧三轮 边三轮", "摩托车"),
    ("无轨 有轨", "-", "电车"),
    ("轮式", "装载 挖掘 平地", "机械"),
    ("- 大型 小型", "轮式", "拖拉机"),
    ("-", "手扶 履带", "拖拉机"),
    ("轮式 手扶", "拖拉机", "运输机组"),
    ("轮式 履带式", "联合", "收割机"),
    ("-", "-", "手扶变形运输机"),
    ("-", "-", "三轮汽车"),
    ("-", "-", "其他"),
)

VEHICLE_TYPES = frozenset(
    "".join((*parts, kind)).replace("-", "")
    for sizes, bodies, kind in _GRID
    for parts in product(sizes.split(), bodies.split())
)

# The letter of a green plate's serial (GA 36-2018) says whether the vehicle is driven by its battery alone.
ELECTRIC_LETTERS = "ABCDE"
HYBRID_LETTERS = "FGHJK"

# GA/T 16.9: energy that is a battery and nothing else, and energy that earns no green plate at all.
ELECTRIC = _words("电 电驱动 电动 纯电 纯电动")
COMBUSTION = _words("汽油 柴油 混合油 天然气 液化石油气 甲醇 乙醇")
# Any of these in the text, and a battery is not the only source.
NOT_ONLY_ELECTRIC = ("油", "气", "醇", "混", "插电", "增程", "氢", "燃料")
