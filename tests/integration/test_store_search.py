"""Find-as-you-type, and rows put in by the thousand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.ids import new_id
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.store import audit, bulk, search
from models.store.tables import account, student

PUPILS = (
    ("张三", "三(2)班", "130999201503040019", "13900012345"),
    ("张三丰", "三(3)班", "130999201503040027", ""),
    ("单雄", "3.2", "130999201607080035", ""),
    ("王小明", "十二班", "13099920160708004X", ""),
    ("李𬭊䶮", "初二(1)班", "130999201209090051", ""),
    ("阿依古丽·买买提", "高一(10)班", "", "13900067890"),
    ("吕小绿", "", "G130999201209090061", ""),
    ("Anna Smith", "三年级2班", "P1234567", ""),
)  # fmt: skip


def rows() -> list[dict[str, Any]]:
    base = {
        "unit_id": "u",
        "status": "enrolled",
        "revision": 1,
        "updated_at": "2026-09-01T00:00:00Z",
        "updated_by": "x",
    }
    return [
        base | {"id": new_id(), "name": name, "class_name": place, "id_number": number, "phone": phone}
        for name, place, number, phone in PUPILS
    ]


@pytest.fixture
def store(school_store: Any) -> Any:
    store = school_store.open(Role.REGISTRAR)

    def enter(session: Session) -> None:
        bulk.insert_students(session, rows(), pinyin_keys)
        audit.append(session, store.actor, "student.import", "batch:1", {})

    store.write(enter)
    return store


def found(store: Any, words: str) -> list[str]:
    query = select(student.c.name).order_by(student.c.row)
    return list(store.read(lambda s: s.scalars(query.where(student.c.id.in_(search.match(s, STUDENTS, words)))).all()))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("张三", ["张三", "张三丰"]),
        ("三丰", ["张三丰"]),
        ("明", ["王小明"]),
        ("三张", []),
        ("zs", ["张三", "张三丰"]),
        ("ZSF", ["张三丰"]),
        ("sf", ["张三丰"]),
        ("zhangsan", ["张三", "张三丰"]),
        ("zhang sanf", ["张三丰"]),
        ("xiaom", ["王小明"]),
        ("shanxiong", ["单雄"]),
        ("sx", ["单雄"]),
        ("lvxiaolv", ["吕小绿"]),
        ("zs 32", ["张三"]),
        ("32", ["张三", "单雄", "Anna Smith"]),
        ("三(2)班", ["张三", "单雄", "Anna Smith"]),
        ("三（3）", ["张三丰"]),
        ("12", ["王小明"]),
        ("初二(1)班", ["李𬭊䶮"]),
        ("110", ["阿依古丽·买买提"]),
        ("0019", ["张三"]),
        ("004x", ["王小明"]),
        ("20160708", ["单雄", "王小明"]),
        ("9992016", ["单雄", "王小明"]),
        ("12345", ["张三", "Anna Smith"]),
        ("0678", ["阿依古丽·买买提"]),
        ("g1309992012", ["吕小绿"]),
        ("𬭊䶮", ["李𬭊䶮"]),
        ("古丽", ["阿依古丽·买买提"]),
        ("古丽·买", ["阿依古丽·买买提"]),
        ("smith", ["Anna Smith"]),
        ("张 0019 32 zs", ["张三"]),
        ("   ", [name for name, *_rest in PUPILS]),
        ("\u3000", [name for name, *_rest in PUPILS]),
        ('"', []),
        ("%", []),
        ("_", []),
        ("😀", []),
        ("…… ！", []),
        ("张三 %", ["张三", "张三丰"]),
        ("anna.smith", ["Anna Smith"]),
        ("a@b", []),
        ("班", [name for name, *rest in PUPILS if "班" in str(rest)]),
        ("(张", ["张三", "张三丰"]),
        ("NEAR( OR *", []),
        ("张三*", ["张三", "张三丰"]),
    ],
)
def test_words_find_whom_they_should(words: str, names: list[str], store: Any) -> None:
    assert found(store, words) == names


def test_entries_follow_their_rows(store: Any) -> None:
    id_ = store.read(lambda s: s.scalar(select(student.c.id).where(student.c.name == "张三")))

    def rename(session: Session) -> None:
        session.execute(update(student).values(name="章叁").where(student.c.id == id_))
        search.index(session, STUDENTS, [id_], pinyin_keys)
        audit.append(session, store.actor, "student.update", f"student:{id_}", {})

    def leave(session: Session) -> None:
        search.remove(session, STUDENTS, [id_])
        session.execute(delete(student).where(student.c.id == id_))
        audit.append(session, store.actor, "student.delete", f"student:{id_}", {})

    store.write(rename)
    assert found(store, "章叁") == ["章叁"]
    assert order(store)[-2:] == ["张三丰", "章叁"]
    assert found(store, "张三") == ["张三丰"]
    store.write(leave)
    assert found(store, "zs") == ["张三丰"]


def order(store: Any) -> list[str]:
    query = select(student.c.name).order_by(student.c.name_order)
    return list(store.read(lambda s: s.scalars(query).all()))


def test_names_sort_by_pinyin(store: Any) -> None:
    assert " ".join(order(store)) == "Anna Smith 阿依古丽·买买提 李𬭊䶮 吕小绿 单雄 王小明 张三 张三丰"


def test_accounts_are_found_by_user_name_and_department(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    base = {"unit_id": "u", "status": "active", "revision": 1, "updated_at": "2026-09-01T00:00:00Z", "updated_by": "x"}
    people = [base | {"id": new_id(), "name": "曾理", "username": "xzzengli", "department": "教务处"},
              base | {"id": new_id(), "name": "任真", "username": "", "department": "总务处"},
              base | {"id": new_id(), "name": "任重", "username": "", "department": "总务处"}]  # fmt: skip

    def enter(session: Session) -> None:
        bulk.insert_accounts(session, people, pinyin_keys)
        audit.append(session, store.actor, "account.import", "batch:1", {})

    store.write(enter)
    for words, names in (("xzzeng", ["曾理"]), ("zl", ["曾理"]), ("任 总务", ["任真", "任重"]), ("教务处", ["曾理"])):
        query = select(account.c.name).order_by(account.c.row)
        got = store.read(
            lambda s, query=query, words=words: s.scalars(
                query.where(account.c.id.in_(search.match(s, ACCOUNTS, words)))
            ).all()
        )
        assert got == names, words


@pytest.mark.parametrize("spoil", [lambda rows: rows[1].pop("phone"), lambda rows: rows[-1].update(nonsense="x")])
def test_rows_of_unlike_columns_are_refused(spoil: Any, school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    spoilt = rows()
    spoil(spoilt)
    with pytest.raises((ValueError, KeyError)):
        store.write(bulk.insert_students, spoilt, pinyin_keys)
    assert store.read(lambda session: session.scalars(select(student.c.id)).all()) == []


@pytest.mark.parametrize(
    ("place", "key"),
    [("三(2)班", "32"), ("3.2", "32"), ("三年级2班", "32"), ("高一（12）班", "112"), ("十二班", "12"), ("二十班", "20"),
     ("二十一班", "21"), ("2023级3班", "20233"), ("", "")],
)  # fmt: skip
def test_class_key(place: str, key: str) -> None:
    assert search.class_key(place) == key
