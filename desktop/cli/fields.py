"""The command `fields`: what the fields of the two rosters are called."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.files import KINDS
from desktop.cli.frame import Commands
from models.domain.field_names import CODE_TABLE_LABELS, TYPE_LABELS, shown_fields
from models.domain.fields import DEFAULT_CONTROLLED, STUDENTS, Field, Need

app = Commands("字段")
_NEEDS = {Need.REQUIRED: "必填", Need.DEPENDS: "视情况必填", Need.OPTIONAL: "选填"}


@app.add(
    "fields",
    "列出名册的字段：名称、标签、类型、代码表、是否受控\n"
    "命令中凡写字段的地方，用名称或中文标签都可以。同时给出 --home 时按现行政策说明是否受控。",
)
def fields(
    ctx: typer.Context,
    kind: Annotated[str, typer.Option(metavar="students|teachers", help="哪一种名册")] = STUDENTS,
) -> None:
    """List the fields of a roster."""
    call: Call = ctx.obj
    choice(kind, KINDS, "--kind")
    with call.store() if call.home_named else nullcontext() as store:
        held = _controlled(store) if kind == STUDENTS else frozenset()
    found = [_document(field, field.key in held) for field in shown_fields(kind)]
    call.emit(found, [_line(one) for one in found])


def _controlled(store: Any) -> frozenset[str]:
    from models.services.checking import controlled_fields

    return store.read(controlled_fields) if store is not None else frozenset(DEFAULT_CONTROLLED)


def _document(field: Field, controlled: bool) -> dict[str, Any]:
    return {
        "key": field.key,
        "label": field.label,
        "type": field.type.value,
        "code_table": field.code_table,
        "need": field.need.value,
        "controlled": controlled,
        "aliases": list(field.aliases),
    }


def _line(one: dict[str, Any]) -> str:
    table = f"（{CODE_TABLE_LABELS[one['code_table']]}）" if one["code_table"] else ""
    words = [one["label"], one["key"], TYPE_LABELS[one["type"]] + table, _NEEDS[one["need"]]]
    return "  ".join([*words, *(["受控"] if one["controlled"] else [])])
