"""What `receive` says of a file from the unit's other PC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.domain.progress import Progress
from models.domain.states import Event
from sync.companions import decisions, taking
from sync.companions.exchange import authenticate
from sync.formats import KIND_LABELS, FileKind, open_file
from sync.packages.openers import Received

if TYPE_CHECKING:
    from models.store.store import Store

_DONE = {
    Event.APPROVE.value: "批准 {n} 项",
    Event.RETURN.value: "退回补正 {n} 项",
    Event.REFUSE.value: "不予通过 {n} 项",
    Event.REVOKE.value: "撤销批准 {n} 项",
}


def receive_companion(store: Store, path: Path, progress: Progress) -> Received:
    """Verify a file of the other PC and take it over. Raises RefusedError, UserError with nothing changed."""
    arrived = store.read(authenticate, open_file(path))
    number = arrived.envelope.address.sequence
    title = f"{KIND_LABELS[arrived.kind]}（第 {number} 号）"
    if arrived.kind is FileKind.DRAFTS:
        return _drafts(title, taking.receive_drafts(store, arrived, progress))
    return _decisions(title, decisions.receive_decisions(store, arrived))


def _drafts(title: str, taken: taking.TakenDrafts) -> Received:
    sentence = f"已接收，现有待核办 {taken.waiting} 项，其中新交来或有改动的 {taken.new} 项。"
    if taken.gone:
        sentence += f"另有 {taken.gone} 项已由学籍管理员撤回或另行办理，不用再核办。"
    warnings = (f"还有 {taken.later} 项因证明材料较大，随下一份交来。",) if taken.later else ()
    counts = {"items": taken.waiting, "new": taken.new, "gone": taken.gone, "files": taken.files}
    step = "请核办（“核办”页，或命令 change approve），然后写出核办结果（“关键信息变更”页，或命令 pc decisions）。"
    return Received(FileKind.DRAFTS, title, sentence, step if taken.waiting else "", counts=counts, warnings=warnings)


def _decisions(title: str, taken: decisions.TakenDecisions) -> Received:
    done = [text.format(n=taken.done[event]) for event, text in _DONE.items() if taken.done.get(event)]
    parts = ["已按核办结果办理：" + "、".join(done) + "。"] if done else ["没有新的核办结果。"]
    if taken.known:
        parts.append(f"{taken.known} 项此前已经办理。")
    counts = {"approved": taken.done.get(Event.APPROVE.value, 0), "returned": taken.done.get(Event.RETURN.value, 0)}
    counts |= {"known": taken.known, "left": len(taken.left)}
    step = "已批准的可以打包（“数据包收发”页，或命令 package build）。" if counts["approved"] else ""
    return Received(FileKind.DECISIONS, title, "".join(parts), step, counts=counts, warnings=tuple(taken.left))
