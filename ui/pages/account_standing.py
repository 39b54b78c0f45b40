"""What stands beside the fields of an account: what is under way, how it is filed, where it comes from, who else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from models.domain.change_kinds import ACCOUNT_CREATE
from models.domain.states import State
from models.domain.units import Line
from ui.context import AppContext
from ui.kit import Banner, Button, Item, button, column, holder, key_value, label, row, rule
from ui.moments import moment

if TYPE_CHECKING:
    from models.services.accounts.facts import AccountFacts
    from models.services.changes import ChangeSummary

_FILED = {"active": "已备案", "disabled": "已备案（禁用）"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("AccountStanding", text)


def standing(context: AppContext, facts: AccountFacts, edit: Callable[[], None] | None) -> list[Item]:
    """Bars for what needs somebody, then the facts in a line each; `edit` opens the form, None where it may not be."""
    parts: list[Item] = [_under_way(context, facts, change, edit) for change in facts.changes]
    if facts.irregular and facts.row.status != "disabled":
        parts.append(Banner("warn", _tolerated(facts)))
    lines: list[Item] = [rule(), *_facts(context, facts)]
    return parts + lines


def _under_way(
    context: AppContext, facts: AccountFacts, change: ChangeSummary, edit: Callable[[], None] | None
) -> QWidget:
    """A change that is not decided: where it stands, and what can be done with it."""
    see = button(_tr("查看申请"), "git-pull-request", "link")
    see.clicked.connect(lambda: context.navigate("changes", change=change.id))
    acts: list[Button] = [see]
    if change.state == State.PENDING:
        after = _tr("批准后启用。") if change.kind == ACCOUNT_CREATE.key else _tr("批准后生效。")
        words, tone = _tr("{kind}申请 {number} 等待主管领导批准，{after}"), "info"
        said = words.format(kind=change.kind_label, number=change.number, after=after)
    elif change.kind == ACCOUNT_CREATE.key and not facts.faults:
        said, tone = _tr("{number} 已补齐，还没有提交。").format(number=change.number), "info"
        if edit is not None:
            hand_in = button(_tr("提交"), "send", "primary")
            hand_in.clicked.connect(partial(_submit, context, hand_in, change))
            acts.insert(0, hand_in)
    else:
        said, tone = (
            _tr("{kind} {number} 是草稿，还没有提交").format(kind=change.kind_label, number=change.number),
            "warn",
        )
        said += _tr("：{what}。").format(what="；".join(facts.faults)) if facts.faults else "。"
        if edit is not None and facts.row.status == "pending":
            acts.insert(0, button(_tr("补齐"), "pencil", "", on_click=edit))
    return holder(column(Banner(tone, said), row(*acts, None, spacing=6), spacing=4))


def _submit(context: AppContext, pressed: Button, change: ChangeSummary, _checked: bool = False) -> None:
    from models.services import changes

    words = _tr("已提交 {number}，主管领导批准后启用。").format(number=change.number)
    pressed.setEnabled(False)
    context.write(changes.submit, context.actor, change.id, done=lambda _: context.toast(words), owner=pressed.window())


def _tolerated(facts: AccountFacts) -> str:
    until = facts.legacy_until
    if until:
        return _tr("{why}旧用户名保留到 {until}。").format(why=facts.irregular, until=until)
    return _tr("{why}现行政策没有规定保留期限。").format(why=facts.irregular)


def _facts(context: AppContext, facts: AccountFacts) -> list[Item]:
    made: list[Item] = []
    if not facts.own:
        made.append(key_value(_tr("单位"), facts.unit))
    if context.actor.unit.line is Line.OPEN:
        made.append(key_value(_tr("备案"), _filed(facts)))
    if facts.own:
        created = _tr("新建") if facts.origin == "created" else _tr("原有账户")
        since = _tr("，{at} 启用").format(at=moment(facts.opened_at)) if facts.opened_at else ""
        made.append(key_value(_tr("来源"), created + since))
    if facts.row.status == "disabled":
        at = _tr("{at}，").format(at=moment(facts.disabled_at)) if facts.disabled_at else ""
        made.append(key_value(_tr("禁用"), at + (facts.disabled_reason or _tr("没有记录原因"))))
    for other in facts.others:
        made.append(key_value(_tr("同一人"), label(other, "", "warn", wrap=True)))
    return made


def _filed(facts: AccountFacts) -> str:
    if not facts.filed:
        return _tr("未备案")
    since = _tr("，{at}").format(at=moment(facts.filed_at)) if facts.filed_at else ""
    return _FILED[facts.filed] + since + (_tr("，此后有改动") if facts.stale else "")
