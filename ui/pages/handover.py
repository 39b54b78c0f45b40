"""The sheet that goes with the stick: what was handed over, to be signed by hand by giver and taker."""

from __future__ import annotations

from models.domain.times import local_text
from sync.transport.removable import HandoverSheet
from ui.pages.evidence_view import size_text
from ui.printing import signing_html, table_html, text_html


def handover_html(sheet: HandoverSheet) -> str:
    """The sheet as a page."""
    heads = ("文件", "内容", "项数", "大小", "指纹")
    lines = [(one.file_name, one.title, str(one.items), size_text(one.size), one.check) for one in sheet.lines]
    sub = f"{sheet.issuer} 交给 {sheet.audience}　{local_text(sheet.at)}　介质：{sheet.medium}"
    table = table_html("数据包交接单", sub, heads, lines)
    giver = f"送交人：{sheet.carrier}" if sheet.carrier else "送交人"
    lost = "文件已签名并加密，只有接收单位能打开；遗失时请立即告知双方系统管理员，可以重新写出。"
    return table + signing_html(giver, "接收人", "接收时间") + text_html(lost)
