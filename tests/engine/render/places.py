"""Where the invented people live: every province's plate letters, cities, districts, and who signs its licenses."""

from __future__ import annotations

from dataclasses import dataclass

# A row for each plate prefix: the prefix, the province, the city ("-" where the province is the city), its districts.
_TABLE = """
京A 北京市 - 东城区 西城区 朝阳区 海淀区 丰台区
京N 北京市 - 通州区 昌平区 大兴区 房山区 石景山区
京Q 北京市 - 顺义区 怀柔区 密云区 延庆区 门头沟区
津A 天津市 - 和平区 河西区 南开区 河北区
津N 天津市 - 滨海新区 西青区 武清区 蓟州区
冀A 河北省 石家庄市 长安区 桥西区 裕华区 正定县 赵县
冀B 河北省 唐山市 路南区 路北区 丰润区 迁安市 滦南县
冀R 河北省 廊坊市 安次区 广阳区 霸州市 大厂回族自治县
晋A 山西省 太原市 小店区 迎泽区 万柏林区 清徐县
晋B 山西省 大同市 平城区 云冈区 浑源县 灵丘县
晋M 山西省 运城市 盐湖区 永济市 临猗县 芮城县
蒙A 内蒙古自治区 呼和浩特市 新城区 回民区 赛罕区 土默特左旗 托克托县
蒙D 内蒙古自治区 赤峰市 红山区 松山区 巴林左旗 敖汉旗
蒙G 内蒙古自治区 通辽市 科尔沁区 科尔沁左翼后旗 奈曼旗
辽A 辽宁省 沈阳市 和平区 沈河区 皇姑区 浑南区 新民市
辽B 辽宁省 大连市 中山区 甘井子区 旅顺口区 庄河市
辽H 辽宁省 营口市 站前区 鲅鱼圈区 大石桥市
吉A 吉林省 长春市 南关区 朝阳区 绿园区 农安县
吉B 吉林省 吉林市 昌邑区 船营区 舒兰市 永吉县
吉H 吉林省 延边朝鲜族自治州 延吉市 珲春市 和龙市 汪清县
黑A 黑龙江省 哈尔滨市 道里区 南岗区 香坊区 呼兰区 五常市
黑B 黑龙江省 齐齐哈尔市 建华区 龙沙区 讷河市 甘南县
黑E 黑龙江省 大庆市 萨尔图区 让胡路区 肇州县
沪A 上海市 - 黄浦区 徐汇区 静安区 虹口区 杨浦区
沪C 上海市 - 浦东新区 嘉定区 松江区 青浦区 奉贤区 崇明区
沪D 上海市 - 闵行区 宝山区 普陀区 长宁区
苏A 江苏省 南京市 玄武区 秦淮区 江宁区 浦口区
苏E 江苏省 苏州市 姑苏区 吴中区 昆山市 常熟市
苏C 江苏省 徐州市 云龙区 铜山区 邳州市 睢宁县
浙A 浙江省 杭州市 西湖区 余杭区 滨江区 萧山区 桐庐县
浙C 浙江省 温州市 鹿城区 瓯海区 乐清市 泰顺县
浙J 浙江省 台州市 椒江区 黄岩区 温岭市 仙居县
皖A 安徽省 合肥市 庐阳区 蜀山区 包河区 肥东县
皖K 安徽省 阜阳市 颍州区 颍泉区 太和县 界首市
皖P 安徽省 宣城市 宣州区 泾县 绩溪县 广德市
闽A 福建省 福州市 鼓楼区 仓山区 闽侯县 福清市
闽C 福建省 泉州市 鲤城区 丰泽区 晋江市 安溪县
闽D 福建省 厦门市 思明区 湖里区 集美区 翔安区
赣A 江西省 南昌市 东湖区 青山湖区 新建区 进贤县
赣B 江西省 赣州市 章贡区 南康区 于都县 瑞金市
赣E 江西省 上饶市 信州区 广丰区 鄱阳县 婺源县
鲁A 山东省 济南市 历下区 槐荫区 章丘区 平阴县
鲁B 山东省 青岛市 市南区 崂山区 黄岛区 即墨区
鲁Q 山东省 临沂市 兰山区 罗庄区 沂南县 莒南县
豫A 河南省 郑州市 金水区 中原区 二七区 新郑市
豫C 河南省 洛阳市 涧西区 瀍河回族区 栾川县 嵩县
豫R 河南省 南阳市 卧龙区 宛城区 邓州市 淅川县
鄂A 湖北省 武汉市 江岸区 武昌区 洪山区 江夏区
鄂E 湖北省 宜昌市 西陵区 夷陵区 秭归县 长阳土家族自治县
鄂Q 湖北省 恩施土家族苗族自治州 恩施市 利川市 咸丰县 鹤峰县
湘A 湖南省 长沙市 芙蓉区 岳麓区 望城区 浏阳市
湘B 湖南省 株洲市 天元区 荷塘区 醴陵市 攸县
湘U 湖南省 湘西土家族苗族自治州 吉首市 凤凰县 龙山县
粤A 广东省 广州市 越秀区 天河区 番禺区 增城区
粤B 广东省 深圳市 福田区 南山区 龙岗区 宝安区
粤S 广东省 东莞市 莞城街道 南城街道 虎门镇 长安镇
粤V 广东省 潮州市 湘桥区 潮安区 饶平县
桂A 广西壮族自治区 南宁市 青秀区 西乡塘区 邕宁区 横州市
桂B 广西壮族自治区 柳州市 城中区 鱼峰区 融水苗族自治县
桂C 广西壮族自治区 桂林市 象山区 七星区 阳朔县 龙胜各族自治县
琼A 海南省 海口市 秀英区 龙华区 琼山区 美兰区
琼B 海南省 三亚市 吉阳区 天涯区 海棠区 崖州区
渝A 重庆市 - 渝中区 江北区 沙坪坝区 九龙坡区
渝C 重庆市 - 永川区 江津区 綦江区 璧山区 荣昌区
渝F 重庆市 - 万州区 开州区 云阳县 奉节县
川A 四川省 成都市 武侯区 锦江区 青羊区 郫都区
川F 四川省 德阳市 旌阳区 广汉市 什邡市 绵竹市
川W 四川省 凉山彝族自治州 西昌市 会理市 木里藏族自治县
贵A 贵州省 贵阳市 南明区 云岩区 花溪区 修文县
贵C 贵州省 遵义市 红花岗区 汇川区 仁怀市 湄潭县
贵H 贵州省 黔东南苗族侗族自治州 凯里市 镇远县 黎平县
云A 云南省 昆明市 五华区 盘龙区 官渡区 嵩明县
云L 云南省 大理白族自治州 大理市 宾川县 漾濞彝族自治县
云K 云南省 西双版纳傣族自治州 景洪市 勐海县 勐腊县
藏A 西藏自治区 拉萨市 城关区 堆龙德庆区 林周县
藏D 西藏自治区 日喀则市 桑珠孜区 江孜县 定日县
陕A 陕西省 西安市 雁塔区 碑林区 未央区 鄠邑区
陕C 陕西省 宝鸡市 渭滨区 金台区 陈仓区 岐山县
陕K 陕西省 榆林市 榆阳区 横山区 神木市 佳县
甘A 甘肃省 兰州市 城关区 七里河区 皋兰县
甘N 甘肃省 临夏回族自治州 临夏市 永靖县 东乡族自治县
青A 青海省 西宁市 城东区 城西区 湟中区 大通回族土族自治县
青H 青海省 海西蒙古族藏族自治州 德令哈市 格尔木市 都兰县
宁A 宁夏回族自治区 银川市 兴庆区 金凤区 永宁县 贺兰县
宁D 宁夏回族自治区 固原市 原州区 西吉县 泾源县
新A 新疆维吾尔自治区 乌鲁木齐市 天山区 沙依巴克区 水磨沟区 米东区
新Q 新疆维吾尔自治区 喀什地区 喀什市 疏附县 莎车县 塔什库尔干塔吉克自治县
新R 新疆维吾尔自治区 和田地区 和田市 墨玉县 于田县
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A city as plates, addresses and seals name it."""

    prefix: str
    province: str
    city: str
    districts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The place as a company's name begins with it: without the kind of place that it is."""
        city = self.city or self.province
        return city.removesuffix("市") if city.endswith("市") else self.districts[0][:-1]

    @property
    def authorities(self) -> tuple[str, ...]:
        """Who may have signed its licenses."""
        if not self.city:
            endings = _ENDINGS.get(self.province, ("公安局交通警察总队",))
            return tuple(self.province + ending for ending in endings)
        full = self.province + self.city
        police = (f"{full}公安局交通警察支队", f"{full}公安局交通管理局", f"{self.city}公安局交通警察支队")
        return (police[0], *police)


_ENDINGS = {
    "北京市": ("公安局公安交通管理局",),
    "天津市": ("公安交通管理局", "公安局交通管理局"),
    "重庆市": ("公安局交通巡逻警察总队", "公安局交通管理局", "公安局车辆管理所"),
}
PLACES = tuple(
    Place(prefix, province, "" if city == "-" else city, tuple(districts))
    for prefix, province, city, *districts in map(str.split, _TABLE.strip().splitlines())
)
