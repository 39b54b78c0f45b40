"""The commands on accounts, with the figure of how complete and true their contacts are (A16)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.accounts import accounts, app
from desktop.cli.call import Call
from desktop.cli.documents import document

__all__ = ["app"]


@accounts.add("completeness", "各单位账户信息的完整率：须真实填写的六项、电话、邮箱，差的逐个列出")
def show_completeness(
    ctx: typer.Context, worst: Annotated[int, typer.Option(metavar="个数", min=0, help="每个单位列出多少个差的")] = 20
) -> None:
    """Show the figure of each unit."""
    from models.services.completeness import completeness

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(completeness, worst)
    documents = [{**document(one), "percent": one.percent} for one in found]
    call.emit(documents, [line for one in found for line in _lines(one)])


def _lines(one: Any) -> list[str]:
    if one.percent is None:
        return [f"{one.unit_name}：没有在用的账户。"]
    share = f"完整率 {one.percent}%（{one.good}/{one.asked}）"
    head = f"{one.unit_name}：{one.accounts} 个账户，{share}，全部无误的 {one.complete} 个"
    fields = [
        f"  {figure.label}：未填 {figure.empty}，有误 {figure.wrong}"
        for figure in one.fields
        if figure.empty or figure.wrong
    ]
    gaps = [f"    {gap.name}  {gap.username}：{'；'.join(gap.faults)}" for gap in one.worst]
    return [head, *fields, *gaps]
