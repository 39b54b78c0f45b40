"""职责与登记: named people, trainings and certificates, lent passwords, incidents, and how complete accounts are."""

from __future__ import annotations

from collections.abc import Sequence

from ui.pages.completeness_pane import CompletenessPane
from ui.pages.duty_incidents import IncidentsPane
from ui.pages.duty_lending import LendingPane
from ui.pages.duty_people import PeoplePane
from ui.pages.duty_training import TrainingPane
from ui.pages.register_page import Part, RegisterPage


class DutiesPage(RegisterPage):
    """The registers of who is in charge and what happened (A7, A16, A18, B4, D7, E34, E36, E39)."""

    TABLES = frozenset(
        {"duty", "training", "training_person", "password_loan", "incident", "account", "registers_told"}
    )
    TITLE = "职责与登记"
    SUB = "指定专人、持证上岗、密码借用、安全事件和账户信息的完整度"

    def parts(self) -> Sequence[Part]:
        """Every role sees the registers; who may write in one, the register says."""
        return (
            ("people", "管理员与责任人", PeoplePane), ("training", "培训与持证", TrainingPane),
            ("lending", "密码借用登记", LendingPane), ("incidents", "安全事件", IncidentsPane),
            ("completeness", "信息完整度", CompletenessPane),
        )  # fmt: skip
