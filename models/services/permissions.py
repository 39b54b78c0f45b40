"""Who may do what (E1-E3): every refusal says who may instead."""

from __future__ import annotations

from models.domain.change_kinds import ChangeKind
from models.domain.errors import NotAllowedError
from models.domain.units import LINE_LABELS, ROLE_LABELS, Actor, Line, Role, reports_own


def require_role(actor: Actor, role: Role, act: str) -> None:
    """Refuse `act` (a Chinese verb phrase) unless the actor holds `role`. Raises NotAllowedError (E1-E3)."""
    if actor.has(role):
        return
    hint = "系统管理员只负责系统配置，不参与学籍业务。" if actor.roles == {Role.ADMINISTRATOR} else ""
    raise NotAllowedError(f"{act}须由{ROLE_LABELS[role]}办理。{hint}请由有此权限的人员登录后办理。")


def require_any_role(actor: Actor, roles: tuple[Role, ...], act: str) -> None:
    """Refuse `act` unless the actor holds one of `roles`. Raises NotAllowedError."""
    if not any(actor.has(role) for role in roles):
        names = "或".join(ROLE_LABELS[role] for role in roles)
        raise NotAllowedError(f"{act}须由{names}办理，请由有此权限的人员登录后办理。")


def require_own(actor: Actor, unit_id: str, act: str) -> None:
    """Refuse to change what belongs to another unit (decision 13). Raises NotAllowedError."""
    if unit_id != actor.unit.id:
        raise NotAllowedError(f"不能{act}：该记录属于其他单位，只能由其所在单位办理。")


def require_head(actor: Actor, act: str) -> None:
    """Only the head of the unit that reports decides there. Raises NotAllowedError.

    Line basic: the head of a school (E1), while a bureau's head only looks (E2). Line open: the head of every tier
    below the province, for the unit's own account lists (A8-A11); what comes from below is the registrar's there too.
    """
    if not reports_own(actor.unit):
        if actor.unit.line is Line.OPEN:
            raise NotAllowedError(f"省校没有上级，不需要{act}；对收到的账户备案由学籍管理员核办（命令 review）。")
        raise NotAllowedError(
            f"{act}是学校主管领导的职责；主管部门对收到的业务由学籍管理员核办（“核办”页，或命令 review）。"
        )
    require_role(actor, Role.HEAD, act)


def require_initiator(actor: Actor, kind: ChangeKind) -> None:
    """Refuse to start a kind of change for the wrong role, line or tier (E1-E3, A8-A11). Raises NotAllowedError."""
    require_any_role(actor, kind.initiators, f"发起“{kind.label}”")
    if actor.unit.line not in kind.lines:
        lines = "、".join(LINE_LABELS[line] for line in kind.lines)
        raise NotAllowedError(f"“{kind.label}”属于{lines}，本单位不办理。")
    if not kind.local and not reports_own(actor.unit):
        whose = "学生所在学校" if actor.unit.line is Line.BASIC else "市校、县校"
        raise NotAllowedError(f"“{kind.label}”由{whose}发起，本单位负责核办。")
