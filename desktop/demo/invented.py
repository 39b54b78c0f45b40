"""An invented county, school, pupils and teachers. Nobody here exists: area code 130999 was never assigned."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from models.domain.codes import code_table
from models.domain.fields import STUDENT_FIELD

CITY, COUNTY = "沧州市", "海兴县"
COUNTY_UNIT, COUNTY_CODE = "示例县教育局", "130924"
SCHOOL_UNIT, SCHOOL_CODE = "示例县第一小学", "2113999901"
AREA = "130999"
_PLACE = "130924"

_PUPILS = (
    *(
        "单雨桐",
        "吕思源",
        "欧阳子墨",
        "仇若曦",
        "曾庆怡",
        "张一诺",
        "李沐宸",
        "王梓涵",
        "刘雨欣",
        "陈浩然",
        "杨欣悦",
        "赵子轩",
    ),
    *(
        "黄诗涵",
        "周宇航",
        "吴佳怡",
        "徐俊熙",
        "孙艺馨",
        "马晨曦",
        "朱思琪",
        "胡博文",
        "郭雨泽",
        "何梦瑶",
        "林嘉豪",
        "高语嫣",
    ),
    *(
        "罗子涵",
        "郑明轩",
        "梁静怡",
        "谢天佑",
        "宋雅琪",
        "唐睿渊",
        "许可馨",
        "邓子航",
        "冯欣妍",
        "韩东辰",
        "曹雨萱",
        "彭宇轩",
    ),
)
_TEACHERS = ("解红梅", "尉迟建国", "盖玉兰", "任志强", "乐嘉", "查晓燕", "华建军", "吕秀英")


@dataclass(frozen=True)
class Mess:
    """One cell of the messy file: `wrong` stands in the file, `why` says what is wrong with it."""

    index: int
    field: str
    wrong: str | float
    why: str


def id_number(area: str, birth: str, serial: int) -> str:
    """An 18-digit number with a right check digit (GB 11643); `birth` YYYY-MM-DD, an odd serial is male."""
    digits = f"{area}{birth.replace('-', '')}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def pupils(count: int = len(_PUPILS)) -> list[dict[str, str]]:
    """Records of pupils without a fault, as text of codes; always the same ones."""
    random = Random(20260901)
    return [_pupil(number, random) for number in range(count)]


def _pupil(number: int, random: Random) -> dict[str, str]:
    name = _PUPILS[number % len(_PUPILS)]
    year = 2018 + (number % 3 == 0)
    birth = f"{year}-{random.randint(1, 8):02d}-{random.randint(1, 28):02d}"
    male = number % 2
    guardian = name[0] + random.choice(("建军", "志强", "秀英", "海燕", "国强", "丽华"))
    address = f"海兴县示例镇向阳街{number + 1}号"
    return {
        "school_code": SCHOOL_CODE,
        "name": name,
        "sex": "1" if male else "2",
        "birth_date": birth,
        "birth_place": _PLACE,
        "native_place": "河北省沧州市海兴县",
        "ethnicity": "01",
        "nationality": "CHN",
        "id_type": "1",
        "hk_macao_tw": "00",
        "health": "10",
        "id_number": id_number(AREA, birth, number * 20 + 10 + male),
        "hukou_type": "3",
        "hukou_place": _PLACE,
        "class_name": f"{number % 3 + 1}",
        "entry_date": "2026-09",
        "entry_method": "11",
        "study_mode": "1",
        "current_address": address,
        "mail_address": address,
        "family_address": address,
        "phone": f"199{random.randint(10_000_000, 99_999_999)}",
        "postcode": "061299",
        "only_child": "0",
        "preschool": "1",
        "left_behind": "0",
        "needs_aid": "0",
        "boarding_subsidy": "0",
        "orphan": "0",
        "martyr_family": "0",
        "guardian1_name": guardian,
        "guardian1_relation": "51",
        "guardian1_phone": f"199{random.randint(10_000_000, 99_999_999)}",
        "guardian1_is_guardian": "1",
        "migrant_child": "0",
    }


def pupils_mess(records: list[dict[str, str]]) -> tuple[Mess, ...]:
    """What goes wrong on the way through Excel: faults a person must mend, and habits the program mends itself."""

    def wrong_digit(text: str) -> str:
        return text[:-1] + ("0" if text[-1] != "0" else "1")

    return (
        Mess(1, "id_number", float(records[1]["id_number"][:15] + "000"), "身份证号被存成数字，后几位变成 0"),
        Mess(4, "id_number", wrong_digit(records[4]["id_number"]), "身份证号抄错一位，校验码不符"),
        Mess(7, "sex", "女" if records[7]["sex"] == "1" else "男", "性别与身份证号不符"),
        Mess(9, "id_number", records[8]["id_number"], "与上一行的身份证号重复"),
        Mess(12, "birth_date", "2018-02-30", "没有这一天"),
        Mess(15, "phone", "1991234", "电话少了几位"),
        Mess(18, "name", "", "姓名没有填"),
        Mess(2, "name", " 欧阳 子墨 ", "姓名中有空格"),
        Mess(3, "birth_date", records[3]["birth_date"].replace("-", "."), "日期写成 2018.3.5"),
        Mess(
            5,
            "id_number",
            records[5]["id_number"].translate(str.maketrans("0123456789", "０１２３４５６７８９")),
            "全角数字",
        ),
        Mess(6, "ethnicity", "汉", "写成汉，不是汉族"),
    )


def teachers() -> list[dict[str, str]]:
    """Records of teachers; user names are left for the program to propose."""
    random = Random(20260902)
    return [
        {
            "name": name,
            "sex": "2" if number % 2 == 0 else "1",
            "phone": f"199{random.randint(10_000_000, 99_999_999)}",
            "email": f"teacher{number + 1}@example.invalid",
            "office_phone": f"0317-66{number + 10:05d}",
            "employment": "1",
            "on_staff": "1",
            "department": "教务处",
            "post": "教师",
            "city": "沧州",
            "county": "海兴",
        }
        for number, name in enumerate(_TEACHERS)
    ]


def as_written(key: str, value: str) -> str:
    """A pupil's value as an office writes it: words instead of codes."""
    table = STUDENT_FIELD[key].code_table
    return (code_table(table).label(value) or value) if table and value else value
