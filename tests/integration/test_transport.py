"""How packages travel: split for mailboxes and put together again, found in watched folders, noted when handed over."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.domain.errors import UserError
from models.domain.ids import check_code
from models.domain.units import Role, Tier
from models.services import preferences
from models.store.errors import DiskFullError
from sync.formats import FileKind, describe
from sync.messages import notices
from sync.packages import ledger, outbox, receiving
from sync.refusals import Fault, MalformedError, RefusedError
from sync.transport import incoming, mail, parts, watching
from sync.transport.deliveries import deliveries
from sync.transport.removable import medium_of
from tests.integration.test_cli import Done, refused, rollbook
from tests.sync_world import PEOPLE, Member, make_template, opened


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("world") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[SimpleNamespace]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "second", "county") as (school, second, county):
        yield SimpleNamespace(school=school, second=second, county=county, folder=tmp_path)


@pytest.fixture(scope="module")
def sealed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of changes as a file."""
    folder = tmp_path_factory.mktemp("sealed")
    shutil.copytree(template, folder / "units")
    with opened(folder / "units", "school") as (school,):
        return next(p for p in school.build(["赵明华"]).paths if describe(p).kind is FileKind.CHANGES)


def made(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name


def split_small(path: Path, folder: Path, count: int) -> list[Path]:
    return parts.split(path, folder, -(-path.stat().st_size // count))


def fault_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.fault


def states(member: Member, direction: str) -> set[tuple[str, str]]:
    return {(row["id"], row["state"]) for row in member.store.read(ledger.list_packages, direction)}


# --- split and join -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(piece=st.integers(40, 20_000), seed=st.integers(0, 1 << 30))
def test_any_size_and_order_gives_the_same_bytes(
    sealed: Path, tmp_path_factory: pytest.TempPathFactory, piece: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    if parts.part_count(sealed.stat().st_size, piece) > parts.MAX_PARTS:
        assert fault_of(lambda: parts.split(sealed, folder, piece)) is Fault.TOO_MANY_PARTS
        return
    made_parts = parts.split(sealed, folder, piece)
    assert all(path.stat().st_size <= piece + parts.MAX_HEAD + 14 for path in made_parts)
    random.Random(seed).shuffle(made_parts)
    names = [path.rename(folder / f"附件{place}") for place, path in enumerate(made_parts)]
    found = None
    for left, path in zip(range(len(names) - 1, -1, -1), names, strict=True):
        found = incoming.keep(folder, path)
        assert len(found.missing) == left
    assert found is not None
    assert incoming.join(folder, found).read_bytes() == sealed.read_bytes()
    incoming.drop(folder, found.whole)
    assert incoming.sets(folder) == []
    shutil.rmtree(folder)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_part_is_refused_or_the_whole_is(
    sealed: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("changed")
    first, second = split_small(sealed, folder, 2)
    raw = bytearray(first.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "insert"]))
    if kind == "flip":
        raw[at] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del raw[at:]
    elif kind == "add":
        raw += data.draw(st.binary(min_size=1, max_size=50))
    else:
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    if bytes(raw) == first.read_bytes():
        return
    first.write_bytes(raw)
    incoming.keep(folder, second)
    with suppress(MalformedError):
        found = incoming.keep(folder, first)
        if not found.missing:  # what was changed are words nobody believes; the bytes must be the same
            assert incoming.join(folder, found).read_bytes() == sealed.read_bytes()
    assert not list((folder / incoming.FOLDER).rglob("*.new"))
    shutil.rmtree(folder)


def test_what_is_no_package_or_too_small_a_size_is_not_split(sealed: Path, tmp_path: Path) -> None:
    other = tmp_path / "x.rollbook"
    other.write_bytes(b"nothing of ours")
    assert fault_of(lambda: parts.split(other, tmp_path, 100)) is Fault.NOT_SIGNED_FILE
    assert fault_of(lambda: parts.split(sealed, tmp_path, 3)) is Fault.TOO_MANY_PARTS
    assert not list(tmp_path.glob("*.dat"))


def test_sizes_keep_room_for_the_mail(tmp_path: Path) -> None:
    for megabytes in (1, 10, 20, 25, 50):
        room = mail.room_of(megabytes)
        assert room * 78 / 57 + 60_000 < megabytes * 1_000_000
        assert f"{megabytes} MB" in mail.growth_words(megabytes)
    files = []
    for place, size in enumerate((50, 30, 20, 60, 10)):
        files.append(tmp_path / str(place))
        files[-1].write_bytes(b"x" * size)
    assert [len(one) for one in mail.in_mails(files, 100)] == [3, 2]


# --- hostile and unlucky parts ------------------------------------------------------------------------------


def head_with(path: Path, target: Path, **changed: Any) -> Path:
    """A part whose head says other things, in due form."""
    import struct

    from sync.wire.jsonlines import decode, encode

    raw = path.read_bytes()
    (size,) = struct.unpack(">I", raw[10:14])
    body = decode(raw[14 : 14 + size])
    for key, value in changed.items():
        body.pop(key, None) if value is None else body.update({key: value})
    head = encode(body)
    target.write_bytes(raw[:10] + struct.pack(">I", len(head)) + head + raw[14 + size :])
    return target


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"count": 10**9, "total": 10**9, "piece": 1}, Fault.TOO_LARGE),
        ({"total": 1 << 40, "piece": 1 << 40, "count": 1}, Fault.TOO_LARGE),
        ({"count": 5}, Fault.PART_HEAD),
        ({"index": 0}, Fault.PART_HEAD),
        ({"index": 7}, Fault.PART_HEAD),
        ({"index": True}, Fault.PART_HEAD),
        ({"index": "1"}, Fault.PART_HEAD),
        ({"piece": -3}, Fault.PART_HEAD),
        ({"whole": "../../etc"}, Fault.PART_HEAD),
        ({"whole": "Z" * 64}, Fault.PART_HEAD),
        ({"name": "x" * 2000}, Fault.PART_HEAD),
        ({"name": None}, Fault.PART_HEAD),
        ({"more": 1}, Fault.PART_HEAD),
        ({"name": "x" * 5000}, Fault.HEADER_TOO_LARGE),
        ({"v": 2}, Fault.NEWER_FORMAT),
        ({"index": 2}, Fault.PART_SIZE),
        ({"sha256": "0" * 64}, Fault.PART_DAMAGED),
    ],
)
def test_heads_that_do_not_fit_are_refused(sealed: Path, tmp_path: Path, changed: dict[str, Any], fault: Fault) -> None:
    size = sealed.stat().st_size
    first = parts.split(sealed, tmp_path, size - 10)[0]
    bad = head_with(first, tmp_path / "bad.dat", **changed)
    assert fault_of(lambda: incoming.keep(tmp_path, bad)) is fault
    assert incoming.sets(tmp_path) == []


def test_names_in_a_part_lead_nowhere(sealed: Path, tmp_path: Path) -> None:
    home = made(tmp_path, "home")
    out = made(tmp_path, "out")
    for path in split_small(sealed, out, 2):
        found = incoming.keep(home, head_with(path, path, name="../../../outside.rollbook"))
    joined = incoming.join(home, found)
    assert joined.parent.parent.parent == home
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "out"]


def test_two_sets_doubled_and_swapped_parts(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    home, out = world.county.store.home, made(world.folder, "out")
    changes, evidence = (split_small(path, out, 3) for path in built.paths)
    incoming.keep(home, changes[0])
    incoming.keep(home, evidence[2])
    assert incoming.keep(home, changes[0]).missing == (2, 3), "the same again changes nothing"
    assert len(incoming.sets(home)) == 2
    liar = head_with(changes[2], out / "liar.dat", index=1, sha256=parts.read_head(changes[2]).sha256)
    assert fault_of(lambda: incoming.keep(home, liar)) in (Fault.PART_DIFFERS, Fault.PART_SIZE)
    swapped = out / "swapped.dat"
    swapped.write_bytes(changes[1].read_bytes()[:-1] + b"?")
    assert fault_of(lambda: incoming.keep(home, swapped)) is Fault.PART_DAMAGED
    bigger = parts.split(built.paths[0], made(world.folder, "again"), built.paths[0].stat().st_size)
    assert incoming.keep(home, bigger[0]).missing == (), "the same file split anew is a set of its own"


def test_parts_that_make_another_whole_are_thrown_away_and_can_come_again(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    out = made(world.folder, "out")
    good = split_small(built.paths[0], out, 2)
    import hashlib

    forged = out / "forged.dat"
    raw = bytearray(good[1].read_bytes())
    raw[-1] ^= 1
    forged.write_bytes(raw)
    offset = len(raw) - parts.read_head(good[1]).size
    head_with(forged, forged, sha256=hashlib.sha256(bytes(raw[offset:])).hexdigest())
    world.county.act(Role.REGISTRAR)
    told = receiving.receive_all(world.county.store, [good[0], forged])
    assert isinstance(told[1].error, MalformedError)
    assert told[1].error.fault is Fault.PARTS_UNLIKE_WHOLE
    assert incoming.sets(world.county.store.home) == []
    assert receiving.receive_all(world.county.store, good)[1].received is not None


def test_a_full_disk_keeps_what_was_there(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    built = world.school.build(["赵明华"])
    store = world.county.store
    first, second = split_small(built.paths[0], made(world.folder, "out"), 2)
    incoming.keep(store.home, first)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(DiskFullError):
            receiving.receive(store, second)
    assert [one.missing for one in incoming.sets(store.home)] == [(2,)]
    assert receiving.receive(store, second).kind is FileKind.CHANGES


def test_what_waits_is_bounded_and_can_be_given_up(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    built = world.school.build(["赵明华"])
    home = world.county.store.home
    first, second = (split_small(path, made(world.folder, f"out{n}"), 2) for n, path in enumerate(built.paths))
    incoming.keep(home, first[0])
    monkeypatch.setattr(incoming, "MAX_SETS", 1)
    assert fault_of(lambda: incoming.keep(home, second[0])) is Fault.PARTS_FULL
    (kept,) = incoming.sets(home)
    assert (kept.have, kept.missing) == ((1,), (2,))
    with pytest.raises(UserError, match="package parts"):
        incoming.discard(home, "ffff")
    incoming.discard(home, kept.key[:8])
    assert incoming.keep(home, second[0]).missing == (2,)
    monkeypatch.setattr(incoming, "MAX_KEPT", 100)
    assert fault_of(lambda: incoming.keep(home, second[1])) is Fault.PARTS_FULL


# --- the whole way ------------------------------------------------------------------------------------------


def test_by_mail_is_received_as_if_it_had_come_in_one(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华", "赵明亮"])
    out = made(world.folder, "mail")
    split = [part for path in built.paths for part in split_small(path, out, 3)]
    last = split.pop(1)
    told = receiving.receive_all(world.county.store, [*split, split[0]])
    waiting = told[1].received
    assert waiting is not None
    assert (waiting.kind, waiting.state, waiting.counts["missing"]) == (FileKind.PART, "waiting", 1)
    assert "还缺第 2 卷" in waiting.sentence
    by_mail = world.county.receive(last)
    assert by_mail.kind is FileKind.CHANGES
    assert by_mail.counts == {"items": 2, "rows": 0}
    assert states(world.county, "in") == {(built.new[0], "opened"), (built.new[1], "answered")}
    assert not list((world.county.store.home / incoming.FOLDER).rglob("*.part"))
    reply = world.county.review_all(built.new[0])
    (taken,) = receiving.receive_all(world.school.store, split_small(reply, made(world.folder, "back"), 1))
    assert taken.received is not None
    assert taken.received.counts["accepted"] == 2


def test_a_part_for_another_unit_is_not_kept(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    part = split_small(built.paths[0], made(world.folder, "mail"), 2)[0]
    with pytest.raises(RefusedError, match="青禾县教育局"):
        receiving.receive(world.second.store, part)
    assert incoming.sets(world.second.store.home) == []
    assert "青禾县教育局" in describe(part, world.second.store).title


def test_a_stick_for_several_units_gives_each_its_own(world: SimpleNamespace) -> None:
    stick = made(world.folder, "stick")
    for member in (world.school, world.second):
        for path in member.build(["赵明华"]).paths:
            world.county.receive(path)
    rows = [row for row in world.county.store.read(ledger.list_packages, "in") if row["purpose"] == "changes"]
    shutil.copy(world.county.review_all(rows[0]["id"]), stick)
    split_small(world.county.review_all(rows[1]["id"]), stick, 2)
    members = {member.store.actor.unit.id: member for member in (world.school, world.second)}
    mine, other = (members[row["issuer_id"]] for row in rows[:2])
    name, others = (f"未登记的单位 {one.store.actor.unit.id[-8:]}" for one in (mine, other))  # sisters are strangers
    brought = receiving.look_through(mine.store, [stick])
    assert brought.sentence == f"另有 2 个文件是给“{others}”的，没有动。"
    back = receiving.look_through(other.store, [stick])
    assert (len(back.files), back.sentence) == (2, f"另有 1 个文件是给“{name}”的，没有动。")
    (whole,) = brought.files
    with pytest.raises(RefusedError) as caught:
        receiving.receive(other.store, whole)
    assert str(caught.value).count(f"“{name}”") == 1
    whole.unlink()
    with pytest.raises(UserError, match=f"其中 2 个文件是给“{others}”的"):
        receiving.look_through(mine.store, [stick])


def test_a_part_that_comes_again_is_told_of(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    first, second, third = split_small(built.paths[0], made(world.folder, "mail"), 3)
    county = world.county.store
    world.county.receive(first)
    assert (
        world.county.receive(first).sentence == "第 1 卷此前已经收下，没有重复收。共 3 卷，已收 1 卷，还缺第 2–3 卷。"
    )
    world.county.receive(second)
    received = world.county.receive(third)
    assert received.check_code == check_code(built.new[0])
    (again,) = receiving.receive_all(county, [second])
    assert (again.known, again.refused) == (True, False)
    assert again.sentence == "这个数据包此前已经收全并接收，这一卷不需要了。"
    assert incoming.sets(county.home) == []


def test_a_folder_is_received_in_an_order_that_works(world: SimpleNamespace) -> None:
    for name in ("赵明华", "赵明亮", "赵明月"):
        built = world.school.build([name])
    folder = made(world.folder, "folder")
    inner = made(folder, "里面")
    for path in built.paths:
        if "第2号" in path.name:
            split_small(path, inner, 2)
        else:
            shutil.copy(path, folder / f"{random.random()}.rollbook")
    (folder / "说明.txt").write_text("not for receiving")
    (folder / "备份.rollbook").write_bytes(b"RBBACKUP1\n" + bytes(100))
    (folder / "名单.csv").write_text("姓名,班级\n")
    county = world.county.store
    files = receiving.expand(county, [folder])
    assert len(files) == len(built.paths) + 1
    told = receiving.receive_all(county, files)
    assert not any(one.refused for one in told)
    assert not any(one.received and one.received.state == "held" for one in told)
    again = receiving.receive_all(county, [one.path for one in told if one.path.suffix == ".rollbook"])
    assert all(one.known and not one.refused for one in again)
    with pytest.raises(UserError, match="没有可以接收"):
        receiving.expand(world.school.store, [folder])
    with pytest.raises(UserError, match="找不到"):
        receiving.expand(county, [folder / "none.rollbook"])


def test_one_bad_file_stops_no_other(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    bad = world.folder / "bad.rollbook"
    bad.write_bytes(b"ROLLBOOK1\nnothing")
    told = receiving.receive_all(world.county.store, [bad, *built.paths])
    assert [one.refused for one in told] == [True, False, False]


# --- mail text and deliveries -------------------------------------------------------------------------------


def test_a_delivery_by_mail_carries_all_that_is_unanswered_and_says_so(world: SimpleNamespace) -> None:
    first = world.school.build(["赵明华"])
    second = world.school.build(["赵明亮"])
    out = made(world.folder, "mail")
    (delivery,) = mail.split_delivery(world.school.store, [second.new[0]], 1, out)
    assert {one.package_id for one in delivery.packages} == {*first.new, *second.new}
    assert all(path.parent == out and path.suffix == ".dat" for path in delivery.paths)
    text = delivery.subject + delivery.body
    for word in ("青禾县第一小学", "青禾县教育局", f"指纹 {check_code(first.new[0])}", "接收文件"):
        assert word in text
    for person in ("赵明华", "赵明亮", "登记员", "负责人"):
        assert person not in text
    told = receiving.receive_all(world.county.store, receiving.expand(world.county.store, [out]))
    assert not any(one.refused for one in told)
    assert world.school.store.read(preferences.mailbox_megabytes) == 1
    noted = world.school.store.read(deliveries, first.new[0])[0]
    assert noted.medium == "邮件，1 个附件"
    rows = world.school.store.read(ledger.list_packages, "out")
    assert {row["state"] for row in rows} == {"delivered"}
    with pytest.raises(UserError, match="MB"):
        mail.split_delivery(world.school.store, None, 0, out)


def test_everything_by_mail_takes_along_what_waits_to_be_said(world: SimpleNamespace) -> None:
    county, school = world.county.store, world.school.store
    notices.send(county, world.county.act(Role.REGISTRAR), None, "通知", "请阅。", tiers={Tier.SCHOOL})
    made_ = mail.split_delivery(county, None, 1, made(world.folder, "mail"))
    to_school = next(one for one in made_ if one.audience == school.actor.unit.name)
    receiving.receive_all(school, to_school.paths)
    assert [one.title for one in school.read(notices.list_notices)] == ["通知"]


def test_each_hand_over_is_kept_with_medium_and_carrier(world: SimpleNamespace) -> None:
    first = world.school.build(["赵明华"])
    second = world.school.build(["赵明亮"])
    sheet = outbox.hand_over(world.school.store, [second.new[0]], made(world.folder, "KINGSTON"), "王老师")
    assert len(sheet.lines) == len(first.new) + len(second.new), "everything unanswered for that audience is on it"
    outbox.hand_over(world.school.store, [first.new[0]], made(world.folder, "第二次"))
    places = [medium_of(world.folder / name) for name in ("第二次", "KINGSTON", "stick")]  # a drive's letter on Windows
    assert [one.words for one in world.school.store.read(deliveries, first.new[0])] == [
        places[0], f"{places[1]}，由王老师送交", places[2],
    ]  # fmt: skip


def test_a_delivery_to_one_unit_leaves_another_units_packages(world: SimpleNamespace) -> None:
    for member in (world.school, world.second):
        for path in member.build(["赵明华"]).paths:
            world.county.receive(path)
    rows = world.county.store.read(ledger.list_packages, "in")
    for row in [row for row in rows if row["purpose"] == "changes"]:
        world.county.review_all(row["id"])
    replies = world.county.store.read(ledger.list_packages, "out")
    assert len(replies) == 2
    sheet = outbox.hand_over(world.county.store, [replies[0]["id"]], made(world.folder, "盘"))
    assert len(sheet.lines) == 1
    both = outbox.hand_over(world.county.store, [one["id"] for one in replies], made(world.folder, "两校"))
    assert {line.title.partition("（交")[2] for line in both.lines} == {"青禾县第一小学）", "青禾县第二小学）"}
    every = mail.split_delivery(world.county.store, None, 10, made(world.folder, "mail"))
    assert {one.audience for one in every} == {"青禾县第一小学", "青禾县第二小学"}


# --- watched folders ----------------------------------------------------------------------------------------


def test_a_watched_folder_offers_what_is_for_us_until_it_is_received(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    folder, county = made(world.folder, "收件"), world.county.store
    for path in built.paths:
        shutil.copy(path, folder)
    shutil.copy(built.paths[0], folder / "一样的.rollbook")
    (folder / "信.txt").write_text("ROLLBOOK1 is not the start")
    (folder / "半个.rollbook").write_bytes(built.paths[0].read_bytes()[:-30])
    county.write(preferences.watch_folder, county.actor, folder)
    watch = watching.Watch()
    found = watching.scan(county, watch=watch).found
    assert {one.kind for one in found} == {FileKind.CHANGES, FileKind.EVIDENCE}
    assert all("青禾县第一小学" in one.title for one in found)
    assert watching.scan(world.school.store, [folder]).found == (), "our own on the way out"
    assert watching.scan(world.second.store, [folder]).found == (), "for somebody else"
    assert states(world.county, "in") == set(), "looking takes nothing"
    receiving.receive_all(county, [one.path for one in found])
    assert watching.scan(county, watch=watch).found == ()


def test_refused_files_are_not_offered_again_but_a_sound_copy_is(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    folder, county = made(world.folder, "收件"), world.county.store
    raw = built.paths[0].read_bytes()
    target = folder / "a.rollbook"
    target.write_bytes(raw[:-20] + bytes(20))
    watch = watching.Watch()
    (found,) = watching.scan(county, [folder], watch).found
    (told,) = receiving.receive_all(county, [found.path])
    assert told.refused
    assert watching.scan(county, [folder], watch).found == ()
    assert watching.scan(county, [folder]).found == (), "remembered in the store"
    target.write_bytes(raw)
    assert len(watching.scan(county, [folder], watch).found) == 1


def test_parts_in_a_folder_are_offered_until_they_are_kept(world: SimpleNamespace) -> None:
    built = world.school.build(["赵明华"])
    folder, county = made(world.folder, "收件"), world.county.store
    first, second = split_small(built.paths[0], folder, 2)
    assert len(watching.scan(county, [folder]).found) == 2
    receiving.receive(county, first)
    assert [one.path for one in watching.scan(county, [folder]).found] == [second]
    receiving.receive(county, second)
    assert watching.scan(county, [folder]).found == ()


def test_a_folder_that_is_away_or_hangs_holds_up_nobody(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = world.school.build(["赵明华"])
    good, hung = made(world.folder, "好"), made(world.folder, "网络盘")
    shutil.copy(built.paths[0], good)
    release, real, entered = threading.Event(), os.scandir, []

    def slow(path: Any = ".") -> Any:
        if Path(path) == hung:
            entered.append(path)
            release.wait(20)
        return real(path)

    monkeypatch.setattr(watching.os, "scandir", slow)
    watch = watching.Watch()
    folders = [hung, good, world.folder / "不见了"]
    told = watching.scan(world.county.store, folders, watch, limit=0.3)
    assert len(told.found) == 1
    assert any("网络盘" in one and "没有反应" in one for one in told.troubles)
    assert any("不见了" in one for one in told.troubles)
    again = watching.scan(world.county.store, folders, watch, limit=0.3)
    assert len(entered) == 1, "no second thread goes where one hangs"
    assert len(again.found) == 1
    release.set()


def test_watched_folders_are_kept_in_the_store(world: SimpleNamespace) -> None:
    store = world.county.store
    store.write(preferences.watch_folder, store.actor, world.folder)
    store.write(preferences.watch_folder, store.actor, world.folder)
    assert store.read(preferences.watched_folders) == [world.folder]
    with pytest.raises(UserError, match="完整路径"):
        store.write(preferences.watch_folder, store.actor, Path("收件"))
    store.write(preferences.unwatch_folder, store.actor, world.folder)
    with pytest.raises(UserError, match="不是收件文件夹"):
        store.write(preferences.unwatch_folder, store.actor, world.folder)


# --- the command line ---------------------------------------------------------------------------------------


def test_commands_split_watch_and_receive_a_folder(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school") as (school,):
        built = school.build(["赵明华"])
    name, passphrase = PEOPLE[Role.REGISTRAR]

    def run(unit: str, *arguments: object) -> Done:
        general = ["--json", "--home", tmp_path / "units" / unit, "--operator", name, "--secret-file", "-"]
        return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)

    out = made(tmp_path, "附件")
    split = run("school", "package", "split", "all", "--size", 1, "--out", out)
    assert split.code == 0, split.err
    (delivery,) = split.json["deliveries"]
    assert delivery["audience"] == "青禾县教育局"
    assert "赵明华" not in split.out
    assert len(list(out.glob("*.dat"))) == len(built.new)
    refused(run("school", "package", "split", "all", "--size", 0), 2, "MB")
    refused(run("school", "package", "write", "all", "--carrier", "王老师"), 2, "--out")
    assert run("school", "package", "write", built.new[0][:12], "--out", out, "--carrier", "王老师").code == 0
    shown = run("school", "package", "show", built.new[1][:12]).json
    assert [one["carrier"] for one in shown["deliveries"]][:2] == ["王老师", ""]

    assert run("county", "watch", "add", out).json == {"folders": [str(out)]}
    assert run("county", "watch", "list").json == {"folders": [str(out)]}
    found = run("county", "watch", "scan").json["found"]
    assert len(found) == len(built.new), "parts and packages with the same content are one thing each"
    inspected = run("county", "package", "inspect", next(out.glob("*.dat")))
    assert (inspected.code, inspected.json["kind"]) == (0, "part")
    received = run("county", "receive", out)
    assert received.code == 0, received.err
    assert received.json["refused"] == 0
    assert run("county", "watch", "scan").json["found"] == []
    assert run("county", "package", "parts").json == []
    assert run("county", "watch", "remove", out).code == 0
    refused(run("county", "watch", "remove", out), 2, "收件文件夹")
    refused(run("county", "receive", made(tmp_path, "空")), 2, "没有可以接收")
