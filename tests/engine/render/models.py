"""What is driven: types of vehicle with their uses, brands, makers' codes, sizes and masses, all within the likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of vehicle: its type, its uses, brand and model, maker's code, and what its side page says of it."""

    kind: str
    uses: tuple[str, ...]
    brand: str
    maker: str
    passengers: str
    curb: int
    gross: int
    load: int
    towing: int
    size: tuple[int, int, int]
    energy: str

    @property
    def is_trailer(self) -> bool:
        """Whether it is drawn by another: it has no engine and nobody sits in it."""
        return self.kind.endswith("挂车")


_PRIVATE = "非营运"
_ROAD = "非营运|非营运|非营运|租赁|预约出租客运|出租客运|营转非"
_GOODS = "货运|货运|非营运"
# type, uses, brand and model, maker, passengers, curb, gross, load and towed mass in kg, outline in mm, energy
_TABLE = f"""
小型轿车 {_ROAD} 大众汽车牌FV7187FBDBG LFV 5 1450 1910 0 0 4790×1825×1472 汽油
小型轿车 {_ROAD} 别克牌SGM7151LAAA LSG 5 1270 1690 0 0 4620×1780×1498 汽油
小型轿车 {_PRIVATE} 丰田牌TV7186HEVGL-iDH LFM 5 1405 1845 0 0 4635×1780×1455 混合动力
小型轿车 {_PRIVATE} 奥迪牌FV7203BFCWG LFV 5 1710 2240 0 0 5015×1886×1455 汽油
小型轿车 {_PRIVATE} 宝马牌BMW7201QM(BMW320Li) LBV 5 1605 2100 0 0 4838×1827×1454 汽油
小型轿车 {_ROAD} 北京现代牌BH7161AMY LBE 5 1258 1690 0 0 4570×1800×1450 汽油
小型轿车 {_ROAD} 帝豪牌MR7152D01 LB3 5 1290 1665 0 0 4632×1789×1470 汽油
小型轿车 预约出租客运|非营运|租赁 比亚迪牌BYD7009BEVJ1 LGX 5 1900 2275 0 0 4765×1837×1500 电
小型轿车 {_PRIVATE} 特斯拉牌TSL7000BEVAR1 LRW 5 1745 2170 0 0 4694×1850×1443 电
小型轿车 {_PRIVATE} 小鹏牌NHQ7000BEVBH L1N 5 1990 2390 0 0 4880×1896×1450 电
小型轿车 {_PRIVATE} 梅赛德斯-奔驰E300 WDD 5 1835 2415 0 0 4949×1852×1470 汽油
小型轿车 教练|非营运 桑塔纳牌SVW7182QQD LSV 5 1248 1640 0 0 4475×1706×1469 汽油
小型轿车 警用 大众汽车牌SVW71810KJ LSV 5 1390 1810 0 0 4687×1700×1450 汽油
小型普通客车 {_PRIVATE} 东风本田牌CRV2000AH5 LVH 5 1615 2075 0 0 4621×1855×1679 汽油
小型普通客车 {_PRIVATE} 理想牌LXA6500SHEVM12 HLX 7 2300 2840 0 0 5030×1960×1760 混合动力
小型普通客车 {_ROAD} 五菱牌LZW6450LF6 LZW 7 1370 2000 0 0 4505×1680×1750 汽油
小型普通客车 非营运|公路客运|租赁 别克牌SGM6522UAX3 LSG 7 1975 2550 0 0 5256×1878×1800 汽油
小型普通客车 救护 江铃全顺牌JX5044XJHMK LJX 8 2560 3510 0 0 5780×2000×2750 柴油
小型普通客车 {_PRIVATE} 保时捷CAYENNE3.0T WP1 5 2040 2830 0 0 4918×1983×1696 汽油
小型越野客车 {_ROAD} 丰田牌GTM6480ADL LVG 7 1880 2500 0 0 4855×1925×1720 汽油
小型越野客车 {_PRIVATE} 路虎RANGEROVERSPORT3.0 SAL 5 2245 2950 0 0 4879×1983×1803 汽油
小型越野客车 {_PRIVATE} 吉普牌WRANGLER3.6 1C4 5 1995 2450 0 0 4751×1877×1850 汽油
微型普通客车 {_PRIVATE} 长安牌SC6395BV4 LS5 7 1040 1650 0 0 3970×1510×1905 汽油
微型轿车 {_PRIVATE} 宏光牌LZW7000EVA LK6 4 665 965 0 0 2917×1493×1621 电
小型面包车 {_PRIVATE} 金杯牌SY6513U2S3BH LSY 9 1630 2480 0 0 5070×1690×1935 汽油
中型普通客车 公路客运|旅游客运|非营运 考斯特牌SCT6704GRB53LEX LFB 19 3990 5780 0 0 7005×2040×2640 柴油
大型普通客车 旅游客运|公路客运 宇通牌ZK6119H5Y LZY 49 12100 17000 0 0 10990×2500×3580 柴油
大型普通客车 公交客运 金龙牌XMQ6106AGBEVL25 LA6 88 11900 18000 0 0 10490×2500×3280 电
大型双层客车 公交客运 安凯牌HFF6110GS01EV LA9 67 12800 18000 0 0 10700×2520×4190 电
大型专用校车 小学生校车|幼儿校车 宇通牌ZK6935DX53 LZY 52 7300 9800 0 0 9270×2350×3150 柴油
小型专用校车 幼儿校车 长安牌SC6550XA LS4 19 2900 4150 0 0 5490×1880×2480 柴油
轻型厢式货车 {_GOODS} 江淮牌HFC5041XXYP73K1C3 LJ1 2 2550 4495 1750 0 5995×2050×2890 柴油
轻型厢式货车 {_GOODS} 瑞驰牌CRC5030XXYC-LBEV LVR 2 1560 2780 1090 0 4500×1680×2000 电
轻型栏板货车 {_GOODS} 福田牌BJ1049V9JEA-AB LVB 3 2470 4495 1830 0 5990×2180×2340 柴油
轻型普通货车 {_GOODS} 长城牌CC1031PS43 LGW 2+3 1670 2490 495 0 5040×1800×1730 柴油
轻型普通货车 {_GOODS} 江铃牌JX1041TSG25 LEF 2+3 2350 4040 1365 0 5995×1860×2180 柴油
轻型多用途货车 非营运|货运 日产牌ZN1035UCK5 LJN 5 1650 2510 535 0 5290×1850×1755 汽油
轻型自卸货车 货运 时风牌SSF3041DDJ42 LSF 2 2350 4495 1950 0 5560×2080×2300 柴油
轻型仓栅式货车 货运 凯马牌KMC5041CCYA33D5 LJ3 3 2460 4495 1840 0 5995×2230×2950 柴油
微型栏板货车 非营运|货运 东风牌DXK1021TK7F LGK 2 980 1780 670 0 4495×1610×1885 汽油
中型普通货车 货运 东风牌EQ1090GLJ LGG 3 4200 9990 5595 0 7995×2400×2650 柴油
中型厢式货车 货运 解放牌CA5160XXYP40K2L5E5A84 LFN 3 5900 11995 5900 0 8990×2550×3850 柴油
重型自卸货车 货运 陕汽牌SX3318HD426TL LZG 2 14530 31000 16275 0 9850×2550×3450 柴油
重型厢式货车 货运 豪沃牌ZZ5257XXYN48CGE1 LZZ 3 11600 24900 13105 0 11990×2550×3990 柴油
重型仓栅式货车 货运 欧曼牌BJ5319CCY-Y6 LRD 2 12200 31000 18605 0 11980×2550×3990 柴油
重型罐式货车 危化品运输 程力威牌CLW5310GYYD5 LGD 2 12150 31000 18655 0 11400×2500×3550 柴油
重型半挂牵引车 货运 解放牌CA4250P66K2E5 LFW 2 8805 25000 0 40000 7150×2550×3650 柴油
重型半挂牵引车 货运|危化品运输 汕德卡牌ZZ4256V324HF1N LZZ 3 8600 25000 0 39900 7180×2550×3780 天然气
重型非载货专项作业车 工程救险|非营运 徐工牌XZJ5330JQZ25K LXG 3 32700 32700 0 0 12500×2500×3350 柴油
重型专项作业车 消防 中卓时代牌ZXF5190GXFPM80 LZZ 2+4 10900 19200 8000 0 8350×2500×3400 柴油
重型普通半挂车 货运 华骏牌ZCZ9402HJB LA9 0 6500 39900 33400 0 13000×2500×3100 无
重型集装箱半挂车 货运 中集牌ZJV9401TJZSZ LJR 0 5800 40000 34200 0 12400×2480×1550 无
重型仓栅式半挂车 货运 通亚达牌CTY9400CCY LTY 0 7200 40000 32800 0 13000×2550×3990 无
轻型旅居半挂车 非营运 中天之星牌TC9010XLJ LTZ 0 750 990 200 0 5300×2050×2550 无
普通二轮摩托车 {_PRIVATE} 豪爵牌HJ125-7C LC6 2 116 266 0 0 2005×750×1090 汽油
普通二轮摩托车 {_PRIVATE} 新大洲本田牌SDH125-51A LAL 2 119 269 0 0 2020×745×1080 汽油
普通正三轮摩托车 {_PRIVATE} 宗申牌ZS200ZH-22A LZS 1 320 695 300 0 3350×1280×1400 汽油
轻便二轮摩托车 {_PRIVATE} 雅迪牌YD1200DT-8A LUJ 1 89 164 0 0 1780×720×1090 电
大型轮式拖拉机 {_PRIVATE} 东方红牌LX1304 LYT 1 5100 6900 0 0 4960×2320×2950 柴油
三轮汽车 {_PRIVATE} 时风牌7YP-1450DJ2 L6S 1 1080 1655 500 0 3650×1440×1530 柴油
"""

IMPORTERS = ("WDD", "WP1", "SAL", "1C4", "JTH", "WBA", "WAU", "JF1", "KMH", "5UX", "YV1", "VF3", "ZAR")
IMPORTED = (
    ("小型轿车", "雷克萨斯牌ES300h", "混合动力"),
    ("小型轿车", "宝马牌530Li", "汽油"),
    ("小型普通客车", "斯巴鲁FORESTER2.0XT", "汽油"),
    ("小型普通客车", "雷诺牌KOLEOS2.5", "汽油"),
    ("小型越野客车", "丰田牌PRADO4.0(GRJ150L)", "汽油"),
    ("小型越野客车", "奥迪牌Q745TFSI", "汽油"),
    ("小型轿车", "阿尔法·罗密欧GIULIA2.0T", "汽油"),
)


def _model(line: str) -> Model:
    kind, uses, brand, maker, passengers, curb, gross, load, towing, size, energy = line.split()
    length, width, height = map(int, size.split("×"))
    return Model(
        kind,
        tuple(uses.split("|")),
        brand,
        maker,
        f"{passengers}人" if passengers != "0" else "--",
        int(curb),
        int(gross),
        int(load),
        int(towing),
        (length, width, height),
        energy,
    )


MODELS = tuple(map(_model, _TABLE.strip().splitlines()))
CARS = tuple(model for model in MODELS if model.kind.endswith(("轿车", "客车")) and model.gross < 3000)


def pick(random: Random) -> Model:
    """A kind of vehicle at random: cars as often as all others together, one in fifteen from abroad."""
    drawn = random.random()
    if drawn < 1 / 15:
        return _imported(random)
    return random.choice(CARS if drawn < 0.5 else MODELS)


def _imported(random: Random) -> Model:
    kind, brand, energy = random.choice(IMPORTED)
    size = (random.randint(4400, 5100), random.randint(1780, 1980), random.randint(1440, 1880))
    curb = random.randint(1450, 2350)
    gross = curb + random.randint(400, 700)
    return Model(kind, ("非营运",), brand, random.choice(IMPORTERS), "5人", curb, gross, 0, 0, size, energy)
