"""Rules about family members and guardians (KD_F30, KD_F48-F72; E32)."""

from __future__ import annotations

from models.rules.identity import complete
from models.rules.rule import PUPILS, Broken, Check, Context, Values, error, warning

_BOY = complete("13099920120307221")
_FATHER_OR_MOTHER = ("50", "51", "52")


def _guardian(values: Values, context: Context) -> tuple[Broken, ...]:
    guardian_id, pupil_id = values
    if guardian_id == pupil_id:
        return (("GUARDIAN_ID_SAME", "{label}与学生的身份证件号相同。请对照监护人的证件改正。"),)
    return ()


def _guardian_name(values: Values, context: Context) -> tuple[Broken, ...]:
    if values[0] == values[1]:
        return (("GUARDIAN_NAME_SAME", "{label}与学生姓名相同。请核对。"),)
    return ()


def _guardians(values: Values, context: Context) -> tuple[Broken, ...]:
    is_guardian, other, name = values
    if name and is_guardian == "0" and other != "1":
        return (("GUARDIAN_NONE", "没有一位成员填为监护人。请指明谁是监护人。"),)
    return ()


def _orphan(values: Values, context: Context) -> tuple[Broken, ...]:
    orphan, *relations = values
    if orphan == "1" and any(relation in _FATHER_OR_MOTHER for relation in relations):
        return (("ORPHAN_WITH_PARENT", "填了孤儿，家庭成员里却有父亲或母亲。请核对。"),)
    return ()


def _migrant(values: Values, context: Context) -> tuple[Broken, ...]:
    left_behind, migrant = values
    if left_behind in ("1", "2") and migrant == "1":
        message = "既填了留守儿童，又填了进城务工人员随迁子女，两项一般不会同时成立。请核对。"
        return (("LEFT_BEHIND_AND_MIGRANT", message),)
    return ()


FAMILY_CHECKS = (
    Check(
        (
            error(
                "GUARDIAN_ID_SAME",
                "KD_F56",
                {"guardian1_id_number": complete("13099919850307221"), "id_number": _BOY},
                {"guardian1_id_number": _BOY, "id_number": _BOY},
            ),
        ),
        PUPILS,
        tuple((f"guardian{n}_id_number", "id_number") for n in (1, 2)),
        _guardian,
    ),
    Check(
        (
            warning(
                "GUARDIAN_NAME_SAME",
                "KD_F48",
                {"guardian1_name": "王强", "name": "王明"},
                {"guardian1_name": "王明", "name": "王明"},
            ),
        ),
        PUPILS,
        tuple((f"guardian{n}_name", "name") for n in (1, 2)),
        _guardian_name,
    ),
    Check(
        (
            warning(
                "GUARDIAN_NONE",
                "KD_F54",
                {"guardian1_is_guardian": "0", "guardian2_is_guardian": "1", "guardian1_name": "王强"},
                {"guardian1_is_guardian": "0", "guardian1_name": "王强"},
            ),
        ),
        PUPILS,
        (("guardian1_is_guardian", "guardian2_is_guardian", "guardian1_name"),),
        _guardians,
    ),
    Check(
        (
            warning(
                "ORPHAN_WITH_PARENT",
                "KD_F30",
                {"orphan": "1", "guardian1_relation": "61"},
                {"orphan": "1", "guardian1_relation": "51"},
            ),
        ),
        PUPILS,
        (("orphan", "guardian1_relation", "guardian2_relation"),),
        _orphan,
    ),
    Check(
        (
            warning(
                "LEFT_BEHIND_AND_MIGRANT",
                "E32",
                {"left_behind": "1", "migrant_child": "0"},
                {"left_behind": "1", "migrant_child": "1"},
            ),
        ),
        PUPILS,
        (("left_behind", "migrant_child"),),
        _migrant,
    ),
)
