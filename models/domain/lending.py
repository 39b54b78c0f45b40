"""Lending of passwords: what may be lent, and the states of a loan (E36, C3, D6)."""

from __future__ import annotations

from typing import Final

TEACHER, SYSTEM, STUDENT = "teacher", "system", "student"
KIND_LABELS: Final = {TEACHER: "教师账户", SYSTEM: "信息系统账户", STUDENT: "学员、学生学习账户"}
STUDENT_CLAUSE: Final = (
    "学员、学生的学习账户不得出借：教高〔2022〕1号第九条“严禁出借个人学习账号给他人使用”，"
    "《北京教师学习网运行管理办法》第十九条“登录账号具有个人唯一性”（C3、D6）。没有登记"
)
ASKED, CONSENTED, REFUSED, RETURNED, CHANGED = "asked", "consented", "refused", "returned", "changed"
STATE_LABELS: Final = {
    ASKED: "待系统管理员同意",
    CONSENTED: "已同意",
    REFUSED: "不同意",
    RETURNED: "已归还，待修改密码",
    CHANGED: "已办结",
}
LENT_LABEL: Final = "借出中"
LONGEST_DAYS: Final = 31
"""Days of one loan at most; a longer need is an account of one's own."""
