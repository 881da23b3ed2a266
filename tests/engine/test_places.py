"""Which place a doubted reading means, and when it is left as it was read."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from license_engine import places
from license_engine.recognize import Letter, Letters, text_of
from license_engine.words import CEILING, SURE, lists

KNOWN = sorted(
    name
    for province, prefectures in places.divisions().items()
    for prefecture, counties in prefectures.items()
    for name in (f"{province}{prefecture}", *(f"{province}{prefecture}{county}" for county in counties))
)


def _letters(text: str, sure: float = 0.99, /, **doubts: tuple[float, str]) -> Letters:
    """Letters as sure as told, but for those at a place named p0, p1 ...: how sure, and what else each may be."""
    letters = [Letter(character, sure, place / len(text)) for place, character in enumerate(text)]
    for name, (odds, others) in doubts.items():
        place = int(name.removeprefix("p"))
        named = tuple((other, (1 - odds) / len(others) / 2) for other in others)
        letters[place] = Letter(text[place], odds, place / len(text), ((text[place], odds), *named))
    return tuple(letters)


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        (_letters("重庆市壁山区中山北路15栋", p3=(0.81, "璧")), "重庆市璧山区中山北路15栋"),
        (_letters("阜阳市颖泉区高新区220室", p3=(0.86, "颍")), "阜阳市颍泉区高新区220室"),
        (_letters("通辽市科尔沁左冀后旗新华路", p7=(0.6, "翼")), "通辽市科尔沁左翼后旗新华路"),
        (_letters("湖南省河西土家族苗族自治州凤凰县南街", p3=(0.44, "湘")), "湖南省湘西土家族苗族自治州凤凰县南街"),
        (_letters("河南省长沙市岳麓区一路", p0=(0.5, "湖")), "湖南省长沙市岳麓区一路"),
        (_letters("浙江省义鸟市一路", p4=(0.7, "乌")), "浙江省义乌市一路"),
        (_letters("：广西桂休市一路", p4=(0.7, "林")), "：广西桂林市一路"),
    ],
)
def test_the_place_that_a_doubted_reading_means_takes_its_place(read: Letters, printed: str) -> None:
    assert text_of(places.mended(read)) == printed


def test_a_place_surely_read_stays_though_none_is_known_by_that_name() -> None:
    read = _letters("重庆市壁山区中山北路")
    assert places.mended(read) == read


@given(st.sampled_from(KNOWN), st.text("新华中山路镇村", min_size=2, max_size=6))
def test_a_known_place_stays_however_doubted(place: str, road: str) -> None:
    read = _letters(place + road, 0.4)
    assert places.mended(read) == read


@given(st.sampled_from([name for name in KNOWN if len(name) >= 6]), st.data())
def test_only_a_known_place_is_put_in_and_no_sure_letter_gives_way(place: str, data: st.DataObject) -> None:
    wrong = data.draw(st.integers(0, len(place) - 1))
    doubt = {f"p{wrong}": (data.draw(st.floats(0.05, 0.94)), place[wrong])}
    read = _letters(place[:wrong] + "口" + place[wrong + 1 :], **doubt)
    mended = text_of(places.mended(read))
    assert mended in {text_of(read), place} or any(mended.startswith(name) for name in KNOWN)
    assert mended[:wrong] + mended[wrong + 1 :] == place[:wrong] + place[wrong + 1 :]


def test_two_places_as_near_leave_it_as_read() -> None:
    read = _letters("乌兰察布市察哈尔右翼口旗一路", p10=(0.3, "前后"))
    assert places.mended(read) == read
    assert text_of(places.mended(_letters(text_of(read), p10=(0.3, "前口")))) == "乌兰察布市察哈尔右翼前旗一路"


def test_a_letter_that_the_model_did_not_think_of_needs_more_of_the_name() -> None:
    short = _letters("松口市一路", p1=(0.3, "白"))
    assert places.mended(short) == short
    assert text_of(places.mended(_letters("科尔沁左口后旗一路", p4=(0.3, "白")))) == "科尔沁左翼后旗一路"


def test_no_more_than_one_letter_in_three_gives_way() -> None:
    read = _letters("口口口六盘水市", p0=(0.3, "贵"), p1=(0.3, "州"), p2=(0.3, "省"))
    assert places.mended(read) == read


def test_two_letters_begin_too_many_names_to_make_a_county_of_the_third() -> None:
    read = _letters("辽阳悦众物流有限公司", p2=(0.4, "市"))
    assert places.owner(read) == read


def test_a_first_letter_that_was_not_seen_comes_back_unless_all_others_are_sure() -> None:
    mended = places.mended(_letters("田地区墨玉县新市镇", p0=(0.6, "国")))
    assert text_of(mended) == "和田地区墨玉县新市镇"
    assert mended[0].probability <= CEILING
    assert mended[0].centre == mended[1].centre
    sure = _letters("田地区墨玉县新市镇", p8=(0.6, "国"))
    assert places.mended(sure) == sure


def test_a_letter_within_a_name_is_never_added() -> None:
    read = _letters("秦皇岛市北戴河区一路", 0.7)
    assert places.mended(read) == read
    unknown = _letters("平顶山市宝县一路", 0.7)
    assert places.mended(unknown) == unknown


def test_what_is_put_right_is_never_sure_and_the_rest_stays_as_sure_as_it_was() -> None:
    read = _letters("重庆市壁山区一路", p3=(0.81, "璧"), p6=(0.7, "二"))
    mended = places.mended(read)
    assert 0.8 < mended[3].probability <= CEILING < SURE
    assert [letter for place, letter in enumerate(mended) if place != 3] == [*read[:3], *read[4:]]


@pytest.mark.parametrize("name", ["宜兵", "科尔沁左冀", "乌鲁本齐·买买提"])
def test_a_persons_name_stays_as_it_was_read(name: str) -> None:
    read = _letters(name, 0.4)
    assert places.owner(read) == read


def test_a_companys_name_begins_with_a_place() -> None:
    read = _letters("乌鲁本齐众悦达农业发展有限公司", p2=(0.56, "木"))
    assert text_of(places.owner(read)) == "乌鲁木齐众悦达农业发展有限公司"


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        (
            _letters("广西壮装白治区南宁市公安局交通雪察支队", p3=(0.4, "族"), p4=(0.5, "自"), p15=(0.5, "警")),
            "广西壮族自治区南宁市公安局交通警察支队",
        ),
        (
            _letters("贵州省港义市公安局交增雪察支队", p3=(0.4, "遵"), p10=(0.4, "通"), p11=(0.4, "警")),
            "贵州省遵义市公安局交通警察支队",
        ),
        (_letters("恩施州公安局交通警察文队", p10=(0.6, "支")), "恩施州公安局交通警察支队"),
        (_letters("出租客运天津市公安交通管理局"), "天津市公安交通管理局"),
    ],
)
def test_an_authority_is_a_place_and_one_of_few_endings(read: Letters, printed: str) -> None:
    assert text_of(places.authority(read)) == printed


@pytest.mark.parametrize("name", ["某某市公安局交通警察支队", "重庆市公安局某某分局", "璧山区某某局"])
def test_an_authority_like_no_known_one_stays_as_it_was_read(name: str) -> None:
    read = _letters(name, 0.9)
    assert places.authority(read) == read


@pytest.mark.parametrize(
    "name", ["四川省都江堰市", "新疆乌鲁木齐市", "内蒙古赤峰市", "湘西州", "西藏拉萨市", "普洱市", "思茅地区"]
)
def test_places_are_known_by_the_names_that_they_go_by(name: str) -> None:
    assert name in {fit.word for fit in places.places().fits(_letters(name), whole=True)}


def test_no_place_begins_like_what_stands_beside_a_seal() -> None:
    beside = tuple(lists()["vehicle_type"] | lists()["use_character"])
    assert not [name for name in KNOWN if name.startswith(beside)]


def test_the_list_is_of_the_mainlands_provinces_and_names_each_place_once() -> None:
    divisions = places.divisions()
    assert len(divisions) == 31
    assert sum(len(prefectures) for prefectures in divisions.values()) > 330
    for prefectures in divisions.values():
        for counties in prefectures.values():
            assert len(set(counties)) == len(counties)
            assert all(len(county) >= 2 and min(county) >= "\u4e00" for county in counties)


def test_the_list_is_small() -> None:
    assert len(resources.files("license_engine").joinpath("places.txt").read_bytes()) < 100_000
