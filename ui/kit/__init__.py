"""The pieces every page is made of; `from ui.kit import ...`."""

from ui.kit.basic import (
    Button,
    IconLabel,
    Item,
    Pill,
    button,
    clear,
    column,
    frame,
    holder,
    label,
    pill,
    row,
    rule,
    set_tone,
    state_pill,
)
from ui.kit.panels import Banner, EmptyState, Figure, PageHead, SidePanel, Stepper, card, key_value, section
from ui.kit.secret import MaskedValue, PassphrasePrompt, SecretEdit
from ui.kit.toast import Toast

__all__ = [
    "Banner",
    "Button",
    "EmptyState",
    "Figure",
    "IconLabel",
    "Item",
    "MaskedValue",
    "PageHead",
    "PassphrasePrompt",
    "Pill",
    "SecretEdit",
    "SidePanel",
    "Stepper",
    "Toast",
    "button",
    "card",
    "clear",
    "column",
    "frame",
    "holder",
    "key_value",
    "label",
    "pill",
    "row",
    "rule",
    "section",
    "set_tone",
    "state_pill",
]
