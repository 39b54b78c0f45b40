"""A dozen units of four tiers at work with a bad post between them: a random walk, repeatable by its seed.

People act in any order; files are delayed, swapped, repeated, lost, cut short, or brought to the wrong unit. Computers
are switched off in between, and a school may come back from an old backup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.problems import Claim
from models.domain.states import Verdict
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.services import changes, maintenance, policies, reported, review
from models.store import audit, bulk
from models.store import tables as t
from sync import policies as signed_policies
from sync.messages import notices, sending
from sync.packages import ledger, outbox, receipts
from sync.problems import acts as sync_problems
from tests.problem_world import id_number
from tests.sync_world import CHEAPEST, PEOPLE, PNG, Member, enrol, enrol_all, make_apart
from tests.tier_post import ABOVE, BUREAUX, COUNTIES, DOZEN, SCHOOLS, Post


class Walk(Post):
    """What people do, one act a step, and how it all comes to an end."""

    def step(self) -> None:
        """One act of somebody, or of the post."""
        acts: list[tuple[Callable[[], None], int]] = [
            (self.post, 14), (self.enter, 1), (self.propose, 7), (self.approve, 5), (self.build, 6),
            (self.decide, 6), (self.answer_report, 4), (self.resubmit, 2), (self.withdraw, 1), (self.issue_policy, 1),
            (self.notice, 1), (self.confirm_notice, 1), (self.problem, 6), (self.send, 3), (self.switch_off, 1),
            (self.back_up, 1), (self.come_back, 1),
        ]  # fmt: skip
        act = self.random.choices([one for one, _ in acts], [weight for _, weight in acts])[0]
        self.log.append(act.__name__)
        if act == self.post:
            act()
        else:
            try:
                act()
            except UserError as error:  # what a person may not do now, the program says; nothing is half done
                self.log.append(f"  {error}")
        for name in DOZEN:
            self.collect(name)

    def enter(self) -> None:
        self.enter_at(self.random.choice(SCHOOLS))

    def enter_at(self, name: str) -> None:
        """A school enters pupils and reports them; now and then one whose ID number another school has, too."""
        member, rows = self.members[name], []
        for _ in range(2):
            self.serial += 1
            mark = self.random.randrange(40) if self.random.random() < 0.3 else self.serial % 400 + 50
            rows.append(_pupil(member, self.new_name(), id_number(2 * mark + 1)))

        def insert(session: Session) -> None:
            bulk.insert_students(session, rows, pinyin_keys)
            audit.append(session, member.store.actor, "test.pupils", "batch:test", {"count": len(rows)})

        member.store.write(insert)
        member.act(Role.REGISTRAR)
        change = member.store.write(changes.propose, member.store.actor, "roster.baseline", "", {}, "上报")
        member.store.write(changes.submit, member.store.actor, change)

    def new_name(self) -> str:
        self.serial += 1
        return f"赵{chr(0x4E00 + self.serial)}{chr(0x5200 + self.serial)}"

    def propose(self) -> None:
        """A school asks for another name of a pupil the county knows."""
        name = self.random.choice(SCHOOLS)
        query = select(t.student.c.id).where(t.student.c.unit_id == DOZEN[name][0].id).order_by(t.student.c.row)
        known = self.members[ABOVE[name]].store.read(lambda s: s.execute(query).scalars().all())
        if known:
            self.members[name].propose(self.random.choice(known), self.new_name())

    def approve(self) -> None:
        if name := self.pick(SCHOOLS, _in_states("pending")):
            self.members[name].approve(self.changes_in(name, "pending"))

    def pick(self, names: Sequence[str], query: Any) -> str:
        """One of the units in whose store the query finds something; "" when there is none."""
        found = [name for name in names if self.members[name].store.read(lambda s: s.execute(query).first())]
        return self.random.choice(found) if found else ""

    def changes_in(self, name: str, *states: str) -> list[str]:
        """Ids of a school's changes in these states, oldest first."""
        return list(self.members[name].store.read(lambda s: s.execute(_in_states(*states)).scalars().all()))

    def build(self) -> None:
        """A school builds its changes, a bureau its report."""
        name = self.pick(SCHOOLS, _in_states("approved")) if self.random.random() < 0.7 else ""
        self.build_at(name or self.random.choice([one for one in BUREAUX if ABOVE[one]]))

    def build_at(self, name: str) -> None:
        member = self.members[name]
        outbox.build(member.store, member.act(Role.REGISTRAR), member.out)

    def decide(self) -> None:
        """A county says what it likes of some items and signs the receipt."""
        if name := self.pick(COUNTIES, select(t.received_item.c.id).where(t.received_item.c.receipt_id.is_(None))):
            self.decide_some(name, lambda: self.random.choices((*Verdict, None), (6, 2, 2, 3))[0])

    def decide_some(self, name: str, choose: Callable[[], Verdict | None]) -> None:
        """Decide what is open at a county as `choose` says (None: later); what cannot be accepted is returned."""
        member = self.members[name]
        secret = member.act(Role.REGISTRAR)
        c = t.received_item.c
        query = select(c.id, c.package_id).where(c.receipt_id.is_(None)).order_by(c.package_id, c.position)
        rows = member.store.read(lambda s: s.execute(query).all())
        for row in rows:
            verdict = choose()
            if verdict is not None:
                self._decide_one(member, row.id, verdict)
        for package_id in dict.fromkeys(row.package_id for row in rows):
            if member.store.read(review.count_decided, package_id):
                receipts.finish_review(member.store, package_id, secret, member.out)

    def _decide_one(self, member: Member, item_id: str, verdict: Verdict) -> None:
        for said in (verdict, Verdict.RETURN):
            with suppress(UserError):
                member.store.write(review.decide, member.store.actor, item_id, said, "请核对")
                return

    def answer_report(self) -> None:
        """A city or the province signs the receipts of the reports it has, or any bureau those of what it refused."""
        if name := self.pick(BUREAUX, _unanswered()):
            self.answer_at(name)

    def answer_at(self, name: str) -> None:
        member = self.members[name]
        secret = member.act(Role.REGISTRAR)
        for package_id in member.store.read(lambda s: s.execute(_unanswered()).scalars().all()):
            receipts.finish_review(member.store, package_id, secret, member.out)

    def resubmit(self) -> None:
        """A school hands a returned change in again, or drops it."""
        if name := self.pick(SCHOOLS, _in_states("draft")):
            member = self.members[name]
            member.act(Role.REGISTRAR)
            act = self.random.choice((changes.submit, changes.submit, changes.withdraw))
            member.store.write(act, member.store.actor, self.random.choice(self.changes_in(name, "draft")))

    def withdraw(self) -> None:
        if name := self.pick(SCHOOLS, _in_states("sealed")):
            member = self.members[name]
            member.act(Role.REGISTRAR)
            change = self.random.choice(self.changes_in(name, "sealed"))
            member.store.write(changes.withdraw, member.store.actor, change, "填写有误")

    def issue_policy(self) -> None:
        member = self.members[self.random.choice(BUREAUX)]
        secret = member.act(Role.ADMINISTRATOR)
        size = str(self.random.randint(40, 50))
        member.store.write(policies.set_own, member.store.actor, values={"class_size.primary": size})
        signed_policies.issue_policy(member.store, secret, PEOPLE[Role.HEAD], member.out)

    def notice(self) -> None:
        member = self.members[self.random.choice(BUREAUX)]
        self.serial += 1
        notices.send(member.store, member.act(Role.REGISTRAR), None, f"通知 {self.serial}", "请按时报送。")

    def confirm_notice(self) -> None:
        member = self.members[self.random.choice(list(DOZEN))]
        member.act(Role.REGISTRAR)
        for one in member.store.read(notices.list_notices):
            if one.direction == "in" and not one.is_read:
                member.store.write(notices.confirm, member.store.actor, one.id)

    def problem(self) -> None:
        """Somebody does something about a problem: the owner asks or decides, a school answers, its bureau confirms."""
        member = self.members[self.random.choice(list(DOZEN))]
        secret = member.act(Role.REGISTRAR)
        p = t.problem.c
        query = select(p.id).where(p.closed_at.is_(None)).order_by(p.opened_at, p.id)
        known = member.store.read(lambda s: s.execute(query).scalars().all())
        for problem_id in known:
            with suppress(UserError):
                self._act_on(member, secret, problem_id)

    def _act_on(self, member: Member, secret: str, problem_id: str) -> None:
        claim = self.random.choice((Claim.KEEP, Claim.CHANGE))
        files = [("户口簿.png", PNG)]
        s = t.problem_side.c
        mine = select(s.position).where(s.problem_id == problem_id, s.unit_id == member.store.actor.unit.id)
        owner = member.store.read(
            lambda x: x.execute(select(t.problem.c.owner_id).where(t.problem.c.id == problem_id)).scalar()
        )
        if member.store.read(lambda x: x.execute(mine).first()) is not None:
            sync_problems.answer(member.store, secret, problem_id, claim, "经核实", files=files)
        elif owner != member.store.actor.unit.id:
            sync_problems.confirm(member.store, secret, [problem_id], None, "")
        elif self.random.random() < 0.5:
            sync_problems.ask(member.store, secret, [problem_id])
        else:
            count = member.store.read(
                lambda x: len(x.execute(select(s.position).where(s.problem_id == problem_id)).all())
            )
            outcomes = {place: Claim.CHANGE if place else Claim.KEEP for place in range(count)}
            sync_problems.decide(member.store, secret, problem_id, outcomes, "材料齐全，予以认定")

    def send(self, name: str = "") -> None:
        member = self.members[name or self.random.choice(list(DOZEN))]
        member.act(Role.REGISTRAR)
        sending.send(member.store, None, member.out)

    # --- what happens to computers ------------------------------------------------------------------------

    def switch_off(self) -> None:
        name = self.random.choice(list(DOZEN))
        self.members[name].store.close()
        self.members[name] = self._open(name)

    def back_up(self) -> None:
        name = self.random.choice(SCHOOLS)
        path = self.folder / f"{name} {len(self.log)}.rbb"
        self.backups[name] = maintenance.backup(self.members[name].store, path).path

    def come_back(self) -> None:
        """A school's disk breaks: it comes back from its last backup and enrols again."""
        if not self.backups or self.restored:
            return
        name = self.random.choice(sorted(self.backups))
        member, county = self.members[name], self.members[ABOVE[name]]
        home = member.store.home
        member.store.close()
        maintenance.restore(self.backups[name], home, *PEOPLE[Role.ADMINISTRATOR], kdf=CHEAPEST)
        self.members[name] = self._open(name)
        self.restored.add(name)
        self.log.append(f"{name} came back from {self.backups[name].name}")
        enrol(self.members[name], county)

    # --- the end ------------------------------------------------------------------------------------------

    def settle(self, most: int = 40) -> int:
        """Everybody does what is left to do and the post works, until nothing new arrives; the rounds it took."""
        busy = list(DOZEN)
        for turn in range(most):
            for name in busy:
                self._do_all(name)
                self.collect(name)
            parcels = sorted(self.mail.values(), key=lambda one: (one.to, one.frm, one.sequence or 1 << 53))
            self.log.append(f"settle {turn}: {len(parcels)} files")
            news = {one.to for one in parcels if self.receive(one.to, one.path, one)}
            self.mail.clear()
            busy = [name for name in DOZEN if name in news]
            if not busy:
                return turn
        raise AssertionError(f"still news after {most} rounds")

    def _do_all(self, name: str) -> None:
        if name in COUNTIES:
            self.decide_some(name, lambda: Verdict.ACCEPT)
        if name in BUREAUX:
            self.answer_at(name)
        if name in SCHOOLS and (pending := self.changes_in(name, "pending")):
            self.members[name].approve(pending)
        waits = reported.waiting if name in BUREAUX else lambda s: s.execute(_in_states("approved")).first()
        if ABOVE[name] and self.members[name].store.read(waits):
            self.build_at(name)
        self.send(name)


def make_dozen(folder: Path) -> Path:
    """The dozen units, enrolled, with a few pupils of each school accepted and reported. Made once, copied a walk."""
    walk = Walk(enrol_all(make_apart(folder / "enrolled", DOZEN), DOZEN), folder / "walk", 0)
    for name in SCHOOLS:
        walk.enter_at(name)
    walk.settle()
    walk.close()
    return folder / "walk" / "units"


def _in_states(*states: str) -> Any:
    return select(t.change.c.id).where(t.change.c.state.in_(states)).order_by(t.change.c.number)


def _unanswered() -> Any:
    """Reports that were opened, and whatever was refused and waits to be told."""
    p = t.package.c
    refused = p.purpose.in_(("changes", "report")) & (p.state == ledger.REFUSED)
    opened = (p.purpose == "report") & (p.state == ledger.OPENED)
    return select(p.id).where(p.direction == "in", opened | refused).order_by(p.issuer_id, p.sequence)


def _pupil(member: Member, name: str, number: str) -> dict[str, str | int]:
    return {
        "id": new_id(), "unit_id": member.store.actor.unit.id, "status": "enrolled", "revision": 1,
        "updated_at": "2026-09-01T00:00:00Z", "updated_by": "登记员", "name": name, "sex": "1",
        "birth_date": "2018-03-05", "class_name": "三(2)班", "id_type": "1", "id_number": number, "ethnicity": "01",
        "nationality": "CHN",
    }  # fmt: skip
