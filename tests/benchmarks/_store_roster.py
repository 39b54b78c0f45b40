"""An invented roster and an encrypted store for it, shared by the benchmarks of the store."""

from __future__ import annotations

import random
from pathlib import Path

from models.domain.fields import STUDENT_FIELDS
from models.domain.ids import new_id
from models.domain.units import Line, Role, Tier, Unit
from models.store.store import NewOperator, Store
from models.store.vault.passphrase import KdfParameters

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕单解"
GIVEN = "小满春生海燕建国丽华志强秀英文博雨桐子涵梓萱浩然思远嘉怡天佑若曦明轩佳琪一诺俊杰雪莹晨曦重乐"
FILLED = 60


def roster(count: int, seed: int = 7) -> list[dict[str, str | int]]:
    """`count` invented pupils with 60 filled fields; the area code 130999 is unassigned."""
    chance = random.Random(seed)
    rows: list[dict[str, str | int]] = []
    keys = [field.key for field in STUDENT_FIELDS][:FILLED]
    for number in range(count):
        born = f"20{chance.randint(8, 17):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
        values = {key: f"第{chance.randint(1, 900)}项" for key in keys}
        values |= {
            "name": chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.randint(1, 2))),
            "sex": str(chance.randint(1, 2)), "birth_date": f"{born[:4]}-{born[4:6]}-{born[6:]}",
            "id_number": f"130999{born}{number % 10000:04}", "phone": f"139{chance.randint(0, 99999999):08}",
            "class_name": f"{chance.choice('一二三四五六')}({chance.randint(1, 8)})班",
        }  # fmt: skip
        rows.append(
            values | {"id": new_id(), "unit_id": "u", "status": "enrolled", "revision": 1,
                      "updated_at": "2026-09-01T00:00:00Z", "updated_by": "bench"}
        )  # fmt: skip
    return rows


def new_store(home: Path) -> Store:
    """An open store in `home`, with the cheapest key derivation."""
    unit = Unit(new_id(), "青禾县第一小学", "2113099901", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县")
    people = [
        NewOperator("方圆", frozenset({Role.ADMINISTRATOR}), "bench admin lantern 41"),
        NewOperator("周全", frozenset({Role.REGISTRAR})),
        NewOperator("郑重", frozenset({Role.HEAD})),
    ]
    store = Store.create(home, unit, people, kdf=KdfParameters(19456, 2, 1)).store
    assert store is not None
    return store
