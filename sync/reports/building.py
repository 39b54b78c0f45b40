"""Reports going up: what this unit or a unit below it accepted and the superior does not have yet (issue 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from models.domain.progress import Progress
from models.domain.signing import Signer
from models.domain.units import Actor, Unit
from models.services import reported
from models.services.reported import Section
from sync.packages.dispatch import Draft, content_head, dispatch
from sync.reports import sections
from sync.trust.identity import certified
from sync.wire.content import leaf_hash, state_content
from sync.wire.jsonlines import encode, long_value
from sync.wire.statements import Statement

_MOST_ITEMS: Final = 20_000
_MOST_ROWS: Final = 24 << 20
"""Compressed bytes of baseline rows in one report; a package stays far under its limits (decision 20)."""


def build(
    session: Session, actor: Actor, signer: Signer, superior: Unit, folder: Path, progress: Progress
) -> list[str]:
    """Seal what waits for the superior into as many reports as needed, in the order it was accepted; their ids."""
    return [
        _seal(session, actor, signer, superior, folder, portion, progress)
        for portion in _portions(reported.waiting(session))
    ]


def _portions(waiting: Sequence[Section]) -> Iterator[list[Section]]:
    portion: list[Section] = []
    items = size = 0
    for section in waiting:
        if portion and (items + section.items > _MOST_ITEMS or size + section.size > _MOST_ROWS):
            yield portion
            portion, items, size = [], 0, 0
        portion.append(section)
        items, size = items + section.items, size + section.size
    if portion:
        yield portion


def _seal(
    session: Session,
    actor: Actor,
    signer: Signer,
    superior: Unit,
    folder: Path,
    portion: Sequence[Section],
    progress: Progress,
) -> str:
    head = {**content_head(session, "report"), "policy_version": 0}
    leaves = [leaf_hash(encode(sections.head_of(section))) for section in portion]
    content = state_content(head, leaves, certified(session, signer, above=True))
    draft = Draft("report", superior, content, sum(section.items for section in portion))
    report_id = dispatch(session, actor, folder, draft, _lines(session, content, portion, progress))
    reported.mark_sent(session, portion, report_id)
    return report_id


def _lines(session: Session, content: Statement, portion: Sequence[Section], progress: Progress) -> Iterator[bytes]:
    yield from long_value("c", content.to_json())
    yield from sections.write_chain(session, {section.bureau_id for section in portion})
    for place, section in enumerate(portion):
        progress.report(place, len(portion), "正在汇总上报")
        yield from sections.write(session, section)
