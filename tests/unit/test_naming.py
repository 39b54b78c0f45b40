"""Readings of names, prefixes of places and user names (A17)."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import UserError
from models.domain.findings import Level
from models.domain.places import PlaceError, hebei
from models.domain.units import Tier
from models.rules import naming
from models.rules.naming import (
    describe_prefix,
    legal_usernames,
    pinyin_keys,
    prefix_for,
    propose,
    propose_all,
    readings,
    resolve_collisions,
    username_finding,
)
from models.rules.readings import tables

DATA = Path(__file__).parents[1] / "data"


def edge_names() -> list[tuple[str, str]]:
    lines = (DATA / "edge_names.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [
        (re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), name), pattern)
        for name, pattern, _ in (line.split("\t") for line in lines)
    ]


@pytest.mark.parametrize(("name", "pattern"), edge_names())
def test_edge_names(name: str, pattern: str) -> None:
    proposal = propose(name, "cz")
    if not pattern:
        assert proposal.username is None
        assert proposal.problem
        assert not proposal.candidates
    else:
        assert proposal.username is not None
        assert re.fullmatch(f"cz({pattern})", proposal.username)
        assert proposal.problem is None


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("曾雪", "zengxue"), ("单丽", "shanli"), ("解放", "xiefang"), ("缪伟", "miaowei"), ("卜静", "bujing"),
        ("仇建国", "qiujianguo"), ("查小明", "zhaxiaoming"), ("阚清", "kanqing"), ("朴英", "piaoying"),
        ("薄熙", "boxi"), ("员强", "yunqiang"), ("么红", "yaohong"), ("种磊", "chonglei"), ("都伟", "duwei"),
        ("令狐冲", "linghuchong"), ("万俟雅", "moqiya"), ("澹台明", "tantaiming"), ("任强", "renqiang"),
        ("盛晟", "shengsheng"), ("王一行", "wangyixing"), ("陈省身", "chenxingshen"), ("洪虹", "honghong"),
    ],
)  # fmt: skip
def test_settled_readings(name: str, first: str) -> None:
    proposal = propose(name, "")
    assert proposal.username == first
    assert not proposal.ambiguous


@pytest.mark.parametrize(
    ("name", "both"),
    [
        ("覃芳", ("qinfang", "tanfang")), ("翟云", ("zhaiyun", "diyun")), ("乐静", ("yuejing", "lejing")),
        ("盖伟", ("gewei", "gaiwei")), ("单于丹", ("chanyudan", "shanyudan")), ("那英", ("naying", "nuoying")),
        ("皇甫嵩", ("huangfusong", "huangpusong")), ("王乐乐", ("wanglele",)), ("王家乐", ("wangjiale",)),
        ("李茜", ("liqian", "lixi")), ("王劲", ("wangjin", "wangjing")),
        ("王柏霏", ("wangbofei", "wangbaifei")), ("王玉柏", ("wangyubai", "wangyubo")),
        ("李文重", ("liwenzhong", "liwenchong")), ("李重一", ("lichongyi", "lizhongyi")),
    ],
)  # fmt: skip
def test_two_way_names_are_asked(name: str, both: tuple[str, ...]) -> None:
    proposal = propose(name, "")
    assert proposal.candidates[: len(both)] == both
    assert proposal.ambiguous == (len(both) > 1)


@pytest.mark.parametrize(
    ("name", "first", "other"),
    [
        ("单芳", "shanfang", "danfang"), ("王传义", "wangchuanyi", "wangzhuanyi"), ("周露", "zhoulu", "zhoulou"),
        ("曾文", "zengwen", "cengwen"), ("刘恪", "liuke", "liuque"), ("赵食其", "zhaoyiji", "zhaoshiqi"),
        ("李雨荨", "liyuxun", "liyuqian"), ("缪一", "miaoyi", "muyi"), ("王安乐", "wanganle", "wanganyue"),
        ("张露露", "zhanglulu", "zhangloulou"), ("李成蹊", "lichengxi", "lichengqi"), ("王阿呷", "wangaga", "wangaxia"),
    ],
)  # fmt: skip
def test_rarer_readings_are_offered_without_asking(name: str, first: str, other: str) -> None:
    proposal = propose(name, "")
    assert proposal.username == first
    assert not proposal.ambiguous
    assert other in proposal.candidates
    assert propose_all([name], "") == [proposal]


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("王单子涵", ("wangshanzihan", "wangdanzihan")), ("刘解雨桐", ("liuxieyutong", "liujieyutong")),
        ("李仇一诺", ("liqiuyinuo", "lichouyinuo")), ("赵曾思雨", ("zhaozengsiyu",)), ("张王一心", ("zhangwangyixin",)),
        ("陈欧阳一", ("chenouyangyi",)),
    ],
)  # fmt: skip
def test_the_second_of_four_characters_may_be_a_surname(name: str, ways: tuple[str, ...]) -> None:
    assert propose(name, "").candidates[: len(ways)] == ways


def test_a_transliteration_is_not_asked_but_offers_other_readings() -> None:
    proposal = propose("阿卜杜热合曼·那孜提", "")
    assert proposal.username == "abudurehemannaziti"
    assert not proposal.ambiguous
    assert "aboudurehemannaziti" not in proposal.candidates
    assert "abodurehemannaziti" in proposal.candidates


def test_every_character_of_gb2312_and_gbk_is_read() -> None:
    pairs = [bytes((high, low)) for high in range(0x81, 0xFE) for low in range(0x40, 0xFF) if low != 0x7F]
    decoded = [pair.decode("gbk", errors="ignore") for pair in pairs]
    characters = [char for char in decoded if char and unicodedata.category(char) == "Lo" and char >= "\u4e00"]
    assert len(characters) > 20_000
    unread = [char for char in characters if propose(char, "").username is None]
    assert "".join(unread) == "兙兡嗧桛烪瓧瓰瓱瓼甅", "signs of measures and characters made in Japan"


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("單麗", "单丽"), ("區芳", "区芳"), ("尉遲明", "尉迟明"), ("蓋偉", "盖伟"), ("査明", "查明"), ("長孫明", "长孙明"),
     ("呂綠", "吕绿"), ("龍樂樂", "龙乐乐"), ("王朝陽", "王朝阳"), ("繆榮", "缪荣"), ("鍾鈺", "钟钰")],
)  # fmt: skip
def test_traditional_forms_are_read_like_simplified_ones(traditional: str, simplified: str) -> None:
    assert propose(traditional, "cz").candidates == propose(simplified, "cz").candidates


def test_spelling_of_u_umlaut_is_a_setting() -> None:
    assert [propose("吕略", "cz", ue).username for ue in ("v", "yu", "u")] == ["czlvlve", "czlyulyue", "czlulue"]
    assert propose_all(["吕略"], "cz", "yu")[0].username == "czlyulyue"


def test_problem_names_the_character() -> None:
    assert "㐂" in (propose("㐂明", "").problem or "")
    assert "自造字" in (propose("王\ue000", "").problem or "")
    assert "“3”" in (propose("王3", "").problem or "")
    assert "为空" in (propose(" ", "").problem or "")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("王李乐长覃单于·• 吕重行朝张")), max_size=8))
def test_every_result_is_latin_letters(name: str) -> None:
    proposal = propose(name, "heb")
    assert (proposal.username is None) == (proposal.problem is not None)
    assert all(re.fullmatch("heb[a-z]+", candidate) for candidate in proposal.candidates)
    assert propose_all([name], "heb") == [proposal]
    assert set(proposal.candidates) <= set(legal_usernames(name, "heb", "v")) or proposal.problem


def test_prefixes_of_the_tiers() -> None:
    assert prefix_for(Tier.PROVINCE) == "heb"
    assert prefix_for(Tier.CITY, "沧州") == "cz"
    assert prefix_for(Tier.COUNTY, "沧州市", "河间") == "czhj"
    assert prefix_for(Tier.COUNTY, "定州市", None) == "dz"
    assert prefix_for(Tier.CITY, "辛集") == "xj"
    assert prefix_for(Tier.COUNTY, "保定", "易县") == "bdyx"
    assert prefix_for(Tier.COUNTY, "保定", "蠡县", {"蠡县": "bdl"}) == "bdl"
    assert prefix_for(Tier.SCHOOL, "承德", "承德县") == "cdcd"


def test_every_place_has_a_prefix_of_its_own_or_says_whose_it_shares() -> None:
    assert describe_prefix(Tier.COUNTY, "唐山", "滦南县").shared_with == ("路南区",)
    assert describe_prefix(Tier.COUNTY, "保定", "易县").others == ("bdy",)
    assert describe_prefix(Tier.PROVINCE).place == "河北省"
    assert all(re.fullmatch("[a-z]+", place.prefix) for place in hebei())


@pytest.mark.parametrize(
    ("city", "county", "advice"),
    [(None, None, "请填写市"), ("京州", None, "请从这些市"), ("沧州", None, "请填写县"), ("保定", "河间", "沧州市"),
     ("沧州", "某某县", "请核对")],
)  # fmt: skip
def test_unknown_places_say_what_to_do(city: str | None, county: str | None, advice: str) -> None:
    with pytest.raises(PlaceError, match=advice):
        prefix_for(Tier.COUNTY, city, county)


def test_a_changed_prefix_must_be_letters() -> None:
    with pytest.raises(UserError, match="小写字母"):
        prefix_for(Tier.CITY, "沧州", None, {"沧州市": "CZ1"})


def test_user_names_are_judged_by_the_set_of_readings() -> None:
    assert username_finding("czhjtanfang", "覃芳", "czhj", "v") is None
    assert username_finding("czhjtanfang2", "覃芳", "czhj", "v") is None
    assert username_finding("tanfang", "覃芳", "", "v") is None
    assert username_finding("czgonghong", "宫虹", "cz", "v") is None
    assert username_finding("anything", "㐂明", "cz", "v") is None
    wrong = username_finding("czlyu", "吕", "cz", "v")
    assert wrong is not None
    assert (wrong.code, wrong.level) == ("USERNAME_RULE", Level.WARNING)
    assert "czlv" in wrong.message
    bad = username_finding("CZ张", "张", "cz", "v")
    assert bad is not None
    assert bad.code == "USERNAME_CHARACTERS"


def _names(style: str, taken: set[str], *staff: str) -> list[str | None]:
    proposals = [propose("张三", "cz"), propose("张三", "cz"), propose("㐂", "cz"), propose("章三", "cz")]
    return [proposal.username for proposal in resolve_collisions(proposals, taken, style, staff)]


def test_collisions_by_style() -> None:
    assert _names("number2", set()) == ["czzhangsan", "czzhangsan2", None, "czzhangsan3"]
    assert _names("number2", {"czzhangsan", "czzhangsan2"}) == ["czzhangsan3", "czzhangsan4", None, "czzhangsan5"]
    assert _names("number01", set()) == ["czzhangsan", "czzhangsan01", None, "czzhangsan02"]
    assert _names("staff_number", set(), "1", "A-7", "", "7") == ["czzhangsan", "czzhangsan7", None, None]
    assert _names("staff_number", set()) == ["czzhangsan", None, None, None]
    refused = resolve_collisions([propose("张三", "cz")] * 2, (), "refuse")[1]
    assert "已经有人使用" in (refused.problem or "")
    renamed = resolve_collisions([propose("覃芳", "")], {"qinfang"}, "number2")[0]
    assert renamed.candidates == ("qinfang2", "tanfang")
    with pytest.raises(ValueError, match="letters"):
        resolve_collisions([], (), "letters")


def test_search_keys_hold_all_readings() -> None:
    assert pinyin_keys("张三丰")[:2] == ("zhangsanfeng sanfeng feng", "zsf")
    full, initials, _ = pinyin_keys("覃芳")
    assert full.split() == ["qinfang", "fang", "tanfang"]
    assert initials.split() == ["qf", "tf"]
    assert pinyin_keys("㐂明")[:2] == ("", "")
    assert pinyin_keys("欧阳修文")[1] == "oyxw"
    assert readings("洪虹").ways == (("hong", "hong"),)


def test_names_sort_by_syllable_then_character() -> None:
    names = ["Anna", "艾克·拜尔", "单雄", "石玉", "占红", "张伟", "张小明", "章安", "㐂明"]
    assert sorted(reversed(names), key=lambda name: pinyin_keys(name)[2]) == names


def test_expected_user_names_of_the_sample_rosters() -> None:
    expected = json.loads((DATA / "rosters" / "expected.json").read_text(encoding="utf-8"))
    people = [person for roster in expected.values() for person in roster["records"] if "expected_username" in person]
    assert len(people) > 20
    for person in people:
        wanted = person["expected_username"].split("|")
        if "county" in person:
            prefix = prefix_for(Tier.COUNTY if person["county"] else Tier.CITY, person["city"], person["county"])
            proposal = propose(person["name"], prefix)
            assert list(proposal.candidates[: len(wanted)]) == wanted
            assert proposal.ambiguous == (len(wanted) > 1)
        else:
            assert wanted[0].endswith(propose(person["name"], "cz").username.removeprefix("cz"))  # type: ignore[union-attr]


def test_no_library_is_loaded_to_read_names() -> None:
    code = "import sys, models.rules.naming; print('pypinyin' in sys.modules)"
    root = Path(naming.__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert result.stdout.strip() == "False"


def test_tables_hold_only_lower_case_syllables() -> None:
    letters = set(string.ascii_lowercase)
    for options in (*tables().surnames.values(), *tables().given.values()):
        assert all(set(syllable) <= letters for way in options.asked + options.also for syllable in way)
