"""What the states of people, records and packages are called; JSON and the store keep the codes."""

from __future__ import annotations

COMPANION_STATUS: dict[str, str] = {"active": "使用中", "ended": "已停用"}
PERSON_STATUS: dict[str, str] = {"active": "已激活", "invited": "待激活", "disabled": "已停用"}
RECORD_STATUS: dict[str, str] = {
    "enrolled": "在籍",
    "left": "离校",
    "pending": "待批准",
    "active": "使用中",
    "disabled": "已禁用",
}
UNIT_STATUS: dict[str, str] = {
    "active": "正常",
    "known": "已登记",
    "disabled": "已停用",
    "closed": "已并入其他单位",
}
PACKAGE_STATUS: dict[str, str] = {
    "sealed": "已打包，待送达",
    "delivered": "已送达，待回执",
    "receipted": "已回执",
    "refused": "被拒收",
    "held": "暂存，等前面的包",
    "opened": "已打开，待核办",
    "reviewed": "已核办，待回执",
    "answered": "已办结",
}
DIRECTIONS: dict[str, str] = {"out": "发出", "in": "收到"}
CHECK_LEVELS: dict[str, str] = {"ok": "正常", "note": "请留意", "fault": "不能办理"}
