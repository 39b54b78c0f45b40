"""The main job on invented data, through the same use cases as window and command line, told step by step."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from desktop.cli.call import Call
from desktop.demo import invented
from desktop.demo.school import found
from desktop.demo.sheet import write_messy
from desktop.demo.units import SECRET, UNITS, name_of, secret_of
from desktop.selftest import picture
from models.domain.change_kinds import BASELINE, KEY_FIELD
from models.domain.errors import UserError
from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS, DEFAULT_CONTROLLED, STUDENT_FIELD, STUDENTS
from models.domain.findings import Level
from models.domain.states import Verdict
from models.domain.times import local_text
from models.domain.units import ROLE_LABELS, Role
from models.exchange.reading import read_workbook
from models.exchange.writing import write_error_workbook
from models.services import changes, evidence, imports, maintenance, policies, review, roster
from models.store.store import Store
from sync import formats
from sync import policies as policy_packages
from sync.joining import enrolment
from sync.packages import inbox, outbox, receipts, receiving


@dataclass
class Stage:
    """Where the story plays: two data folders, a stick between them, and what was said so far."""

    base: Path
    call: Call
    steps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def files(self) -> Path:
        """Roster, teacher list and evidence."""
        return self.base / "文件"

    @property
    def stick(self) -> Path:
        """What travels between the units."""
        return self.base / "U盘"

    def home(self, unit: str) -> Path:
        """The data folder of a unit."""
        return self.base / UNITS[unit].folder

    def step(self, title: str, *lines: str) -> None:
        """Tell one step, on standard output, or on standard error when that is for JSON."""
        self.call.progress.clear()
        self.steps.append({"title": title, "lines": list(lines)})
        out = sys.stderr if self.call.json else sys.stdout
        out.write(f"\n{len(self.steps)}. {title}\n" + "".join(f"   {line}\n" for line in lines))
        out.flush()

    @contextmanager
    def at(self, unit: str, role: Role) -> Iterator[Store]:
        """The store of a unit, opened by the person of that role."""
        with Store.open(self.home(unit), name_of(unit, role), secret_of(unit, role)) as store:
            yield store


def tell(folder: Path, call: Call) -> Stage:
    """Play the whole job in a fresh folder below `folder`; where it played."""
    stage = Stage(folder / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}", call)
    for path in (stage.files, stage.stick):
        path.mkdir(parents=True)
    for act in (_found_units, _enrol, _policy, _roster, _teachers, _baseline, _key_field, _end):
        act(stage)
    if call.json:
        call.line({"folder": str(stage.base), "steps": stage.steps})
    return stage


# --- units ----------------------------------------------------------------------------------------------------


def _found_units(stage: Stage) -> None:
    said: list[str] = []
    for key in ("county", "school"):
        unit, recovery = found(stage.home(key), key)
        people = "、".join(f"{name}（{ROLE_LABELS[role]}）" for name, role in UNITS[key].people)
        said += [f"{unit.name}：{people}", f"  数据在 {stage.home(key)}，恢复码 {recovery}"]
    said.append(f"演示的口令都是“{SECRET.format('姓名')}”，把“姓名”换成本人姓名")
    stage.step("建立县教育局和学校，各三人，各有自己的口令和密钥", *said)


def enrol(stage: Stage, unit: str, superior: str) -> tuple[enrolment.WrittenFile, enrolment.WrittenFile]:
    """The whole way of joining by files and words; the request and the reply."""
    with stage.at(unit, Role.ADMINISTRATOR) as store:
        request = enrolment.request(store, stage.stick)
    with stage.at(superior, Role.ADMINISTRATOR) as store:
        officer = (name_of(superior, Role.REGISTRAR), secret_of(superior, Role.REGISTRAR))
        admin = secret_of(superior, Role.ADMINISTRATOR)
        reply = enrolment.certify(store, request.path, admin, officer, request.words, stage.stick)
    with stage.at(unit, Role.ADMINISTRATOR) as store:
        enrolment.trust(store, reply.path, reply.words)
    return request, reply


def _enrol(stage: Stage) -> None:
    request, reply = enrol(stage, "school", "county")
    stage.step(
        "学校入网：申请、县局认证、学校信任",
        f"入网申请 {request.path.name}，核对词：{request.words}",
        f"入网批复 {reply.path.name}，核对词：{reply.words}",
    )


def _policy(stage: Stage) -> None:
    with stage.at("county", Role.ADMINISTRATOR) as store:
        fields = (*DEFAULT_CONTROLLED, "nationality")
        policy = store.write(lambda session: policies.set_own(session, store.actor, controlled_fields=fields))
        officer = (name_of("county", Role.REGISTRAR), secret_of("county", Role.REGISTRAR))
        path = policy_packages.issue_policy(store, secret_of("county", Role.ADMINISTRATOR), officer, stage.stick)
    with stage.at("school", Role.REGISTRAR) as store:
        received = inbox.receive(store, path)
        held = store.read(policies.effective)
    labels = "、".join(STUDENT_FIELD[key].label for key in sorted(held.controlled_fields))
    stage.step(
        f"县局两人签名下发第 {policy.version} 版政策，学校接收",
        received.sentence,
        f"现在学校的受控字段：{labels}",
    )


# --- rosters --------------------------------------------------------------------------------------------------


def _roster(stage: Stage) -> None:
    records = invented.pupils()
    mess = invented.pupils_mess(records)
    wrong = {(one.index, one.field): one.wrong for one in mess}
    keys = list(records[0])
    rows = [
        [wrong.get((index, key), invented.as_written(key, record[key])) for key in keys]
        for index, record in enumerate(records)
    ]
    path = stage.files / "2026年新生花名册.xlsx"
    write_messy(
        path, "示例县第一小学2026年新生花名册", [STUDENT_FIELD[k].label for k in keys], rows, "注：9月15日前报教务处"
    )
    stage.step(
        "教务处交来一份杂乱的花名册",
        f"{path}，{len(rows)} 人，其中有：",
        *(f"第 {m.index + 3} 行：{m.why}" for m in mess),
    )

    with stage.at("school", Role.REGISTRAR) as store:
        checked = store.read(imports.check, read_workbook(path, progress=stage.call.progress))
        errors = [one for one in checked.findings if one.finding.level is Level.ERROR]
        stage.step(
            f"检查：错误 {len(errors)} 处，提醒 {len(checked.findings) - len(errors)} 处，什么也没有写入",
            *(f"第 {one.row} 行 {one.column} 列：{one.finding.message}" for one in errors),
            "每行另有一条提醒：虚构的证件号都以从未分配的地区码 130999 开头",
        )
        report = stage.files / "花名册的错误.xlsx"
        write_error_workbook(report, checked.workbook, errors)
        cells = [
            (0, one.index, one.field, invented.as_written(one.field, records[one.index][one.field])) for one in mess
        ]
        imports.set_cells(checked, cells)
        result = store.write(imports.apply, store.actor, checked, False, stage.call.progress)
        again = store.read(imports.check, checked.workbook)
        same = store.write(imports.apply, store.actor, again, False, stage.call.progress)
    stage.step(
        "对照证件在表格里改正，全部写入",
        f"新增 {result.new} 人；再导入一次：新增 {same.new}，更新 {same.updated}，没有变化 {same.same}",
        f"有问题的行也导出在 {report}",
    )


def _teachers(stage: Stage) -> None:
    records = invented.teachers()
    keys = list(records[0])
    table = [[ACCOUNT_FIELD[key].label for key in keys], *([record[key] for key in keys] for record in records)]
    path = stage.files / "教师名单.csv"
    path.write_bytes("\r\n".join(",".join(row) for row in table).encode("gb18030"))
    with stage.at("school", Role.REGISTRAR) as store:
        checked = store.read(imports.check, read_workbook(path, ACCOUNTS, progress=stage.call.progress))
        result = store.write(imports.apply, store.actor, checked, True, stage.call.progress)
        rows = store.read(lambda s: roster.page(s, ACCOUNTS, roster.list_ids(s, roster.RosterQuery(kind=ACCOUNTS))))
    names = "  ".join(f"{row.values['name']} {row.values['username']}" for row in rows)
    stage.step(f"导入教师名单（GBK 编码的 csv），用户名按规则生成：{result.new} 个账户", names)


# --- changes --------------------------------------------------------------------------------------------------


def _baseline(stage: Stage) -> None:
    with stage.at("school", Role.REGISTRAR) as store:
        found = store.read(changes.list_changes, changes.ChangeQuery(kinds=(BASELINE.key,)))[0]
        store.write(changes.submit, store.actor, found.id)
    stage.step("学籍管理员提交名册基线", f"{found.number}：{found.subject_label}")
    _round(stage, found.id, "名册基线")


def _key_field(stage: Stage) -> None:
    proof = stage.files / "户籍证明.png"
    proof.write_bytes(picture("household register"))
    pupil = invented.pupils()[5]
    with stage.at("school", Role.REGISTRAR) as store:
        row_id = store.read(roster.list_ids, roster.RosterQuery(text=pupil["id_number"]))[0]
        try:
            store.write(roster.set_fields, store.actor, STUDENTS, row_id, {"name": "张亦诺"})
        except UserError as refused:
            stage.step("直接改姓名会被挡住", str(refused))
        file = evidence.inspect(proof)
        change_id = store.write(_proposed, store.actor, row_id, file)
        number = store.read(changes.get, change_id).summary.number
    stage.step("提出关键信息变更，附户籍证明，提交", f"{number}：{pupil['name']} → 张亦诺，证明材料 {proof}")
    with stage.at("school", Role.REGISTRAR) as store:
        try:
            store.write(changes.approve, store.actor, store.signer(secret_of("school", Role.REGISTRAR)), [change_id])
        except UserError as refused:
            stage.step("发起人自己不能批准", str(refused))
    _round(stage, change_id, "姓名变更")
    with stage.at("school", Role.REGISTRAR) as store:
        row = store.read(roster.get, STUDENTS, row_id)
        detail = store.read(changes.get, change_id)
    trail = [f"{local_text(one.at)} {one.unit} {one.person} {one.text}" for one in detail.timeline if one.done]
    stage.step(f"名册中已是“{row.values['name']}”（第 {row.revision} 版），经过：", *trail)


def _proposed(session: Any, actor: Any, row_id: str, file: evidence.EvidenceFile) -> str:
    change_id = changes.propose(
        session, actor, KEY_FIELD.key, row_id, {"name": "张亦诺"}, "户口簿登记为张亦诺，入学时写错"
    )
    changes.attach(session, actor, change_id, file.name, file.data, file.media_type)
    changes.submit(session, actor, change_id)
    return change_id


def approve(stage: Stage, unit: str, change_id: str) -> str:
    """The head of a school approves with a signature; the change's state in words."""
    with stage.at(unit, Role.HEAD) as store:
        signer = store.signer(secret_of(unit, Role.HEAD))
        store.write(changes.approve, store.actor, signer, [change_id], "材料属实")
        return store.read(changes.get, change_id).summary.state_label


def _round(stage: Stage, change_id: str, what: str) -> None:
    """Approval, package, review at the county, receipt, effect."""
    state = approve(stage, "school", change_id)
    stage.step(f"主管领导用自己的口令批准{what}（签名）", f"现在是“{state}”")
    with stage.at("school", Role.REGISTRAR) as store:
        built = outbox.build(store, secret_of("school", Role.REGISTRAR), stage.stick, progress=stage.call.progress)
        titles = [f"{path.name}：{formats.describe(path, store).title}" for path in built.paths]
        state = store.read(changes.get, change_id).summary.state_label
    stage.step(
        f"学籍管理员打包：签名、加密、写到 U 盘并读回，现在是“{state}”",
        *titles,
    )
    with stage.at("county", Role.REGISTRAR) as store:
        said = [inbox.receive(store, path, progress=stage.call.progress).sentence for path in built.paths]
        items = store.read(review.list_items, review.ReviewQuery(package_id=built.new[0]))
        for item in items:
            store.write(review.decide, store.actor, item.id, Verdict.ACCEPT, "同意")
            said.append(f"核办 {item.number} {item.subject_label}：{item.summary} —— 通过")
        receipt = receipts.finish_review(store, built.new[0], secret_of("county", Role.REGISTRAR), stage.stick)
    stage.step("县局接收、核办、签发回执", *said, f"回执 {receipt.name}")
    with stage.at("school", Role.REGISTRAR) as store:
        taken = receiving.receive_all(store, receiving.expand(store, [stage.stick]))
        sentence = next(one.sentence for one in taken if one.path == receipt)
        state = store.read(changes.get, change_id).summary.state_label
    stage.step(f"学校接收回执，{what}现在是“{state}”", sentence)


def _end(stage: Stage) -> None:
    said = []
    for key in ("school", "county"):
        with stage.at(key, Role.ADMINISTRATOR) as store:
            report = maintenance.check(store)
            entries = report.chain.entries if report.chain else 0
            said.append(f"{store.actor.unit.name}：{entries} 条，{'完整' if report.ok else report.problems}")
    stage.step("核对两边的操作记录", *said)
    command = f'python dev.py run --home "{stage.home("school")}"'
    stage.step("完成。文件都在这里，可以用窗口打开看", str(stage.base), command)
