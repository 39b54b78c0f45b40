"""Every colour, size and distance of the window, in one place (ux 3); no colour stands anywhere else."""

from __future__ import annotations

LIGHT: dict[str, str] = {
    "bg": "#F3F5F8", "surface": "#FFFFFF", "sunken": "#EBEFF4", "nav": "#E9EEF4",
    "line": "#D6DCE5", "control": "#7D8796",  # control: outline of an input, at least 3:1
    "text": "#17202C", "text2": "#445063", "text3": "#5F6B7C",
    "accent": "#1B5AA6", "accent_hover": "#164B8B", "on_accent": "#FFFFFF", "accent_bg": "#E4EEFA",
    "select": "#D6E6F9", "focus": "#1B5AA6", "mark": "#FFE58A",
    "ok": "#146C43", "ok_bg": "#E2F3EA", "warn": "#805300", "warn_bg": "#FFF1CC",
    "bad": "#AD1F1F", "bad_bg": "#FCE8E6", "info": "#1B5AA6", "info_bg": "#E4EEFA",
    "wait": "#5B3E96", "wait_bg": "#EFE9FA", "mute": "#4E5A6B", "mute_bg": "#E7EBF0",
}  # fmt: skip
DARK: dict[str, str] = {
    "bg": "#161B22", "surface": "#1E252E", "sunken": "#12161C", "nav": "#12171D",
    "line": "#333D4A", "control": "#7C899A",
    "text": "#E8EDF3", "text2": "#B7C1CE", "text3": "#98A4B3",
    "accent": "#6EA8F0", "accent_hover": "#8ABBF5", "on_accent": "#0B1726", "accent_bg": "#1C3350",
    "select": "#234365", "focus": "#6EA8F0", "mark": "#6A5610",
    "ok": "#6CCB97", "ok_bg": "#16382A", "warn": "#F0C05A", "warn_bg": "#3D3010",
    "bad": "#FF9C94", "bad_bg": "#4A1F1E", "info": "#6EA8F0", "info_bg": "#1C3350",
    "wait": "#C3A9F5", "wait_bg": "#33274D", "mute": "#B7C1CE", "mute_bg": "#2A323D",
}  # fmt: skip

TONES = ("ok", "warn", "bad", "info", "wait", "mute")
TYPE: dict[str, int] = {"caption": 12, "body": 13, "strong": 14, "h2": 16, "h1": 20, "num": 22, "id": 21}
"""Text sizes in px at 100 % and font size 中."""
FONT_SIZES: dict[str, float] = {"small": 1.0, "medium": 1.0, "large": 1.15, "huge": 1.35}
"""Factor on TYPE; 小 keeps the sizes (never below 12 px) and narrows the rows and controls instead."""
BODY_OF_SMALL = 12
FONTS = ("Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans CJK SC", "PingFang SC", "sans-serif")
ROW: dict[str, int] = {"compact": 26, "normal": 30, "roomy": 38}
NAV_WIDTH, NAV_COLLAPSED, COLLAPSE_BELOW = 188, 48, 1180
MINIMUM = (1366, 660)
"""What must hold the smallest window (ux 0.6)."""

STATE_LOOK: dict[str, tuple[str, str, str]] = {
    # state -> (tone, icon, word): colour is never the only sign
    "enrolled": ("ok", "circle-check", "在籍"),
    "left": ("mute", "logout", "离校"),
    "active": ("ok", "circle-check", "使用中"),
    "disabled": ("mute", "user-off", "已禁用"),
    "invited": ("wait", "hourglass", "待激活"),
    "draft": ("mute", "pencil", "草稿"),
    "pending": ("wait", "hourglass", "待核办"),
    "approved": ("info", "rubber-stamp", "已批准"),
    "sealed": ("info", "package", "已打包"),
    "delivered": ("wait", "send", "已送达"),
    "receipted": ("ok", "receipt", "已回执"),
    "effective": ("ok", "circle-check", "已生效"),
    "refused": ("bad", "circle-x", "不予通过"),
    "withdrawn": ("mute", "arrow-back-up", "已撤回"),
    "conflict": ("bad", "alert-triangle", "有冲突"),
    "in_review": ("wait", "hourglass", "待核办"),
    "accept": ("ok", "circle-check", "通过"),
    "return": ("warn", "arrow-back-up", "退回补正"),
    "refuse": ("bad", "circle-x", "不予通过"),
    "held": ("wait", "hourglass", "暂存"),
    "opened": ("info", "folder-open", "已打开"),
    "reviewed": ("info", "rubber-stamp", "已核办"),
    "answered": ("ok", "receipt", "已回执"),
}
