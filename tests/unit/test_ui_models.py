"""The parts of the pages that know no Qt: differences, undo, pasting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.character_diff import character_diff, describe_difference
from ui.pages.import_.history import CellEdit, History, Step
from ui.pages.import_.paste import as_csv, read_block, spread

OLD, NEW = "130999201701012203", "130999201701012217"


def text_of(segments):
    return "".join(s.text for s in segments)


def test_id_numbers_are_grouped_and_marked_by_place():
    before, after = character_diff(OLD, NEW)
    assert text_of(before) == "130999 20170101 2203"
    assert [s.text for s in before if s.changed] == ["03"]
    assert [s.text for s in after if s.changed] == ["17"]
    assert describe_difference(OLD, NEW) == "改 2 位：第 17–18 位（顺序码、校验码）"


def test_names_of_different_length():
    before, after = character_diff("张三", "张三丰")
    assert not any(s.changed for s in before)
    assert [s.text for s in after if s.changed] == ["丰"]
    assert describe_difference("张三", "张三丰") == ""


@given(st.text("0123456789X张三", max_size=20), st.text("0123456789X张三", max_size=20))
def test_nothing_is_lost_in_the_diff(a, b):
    before, after = character_diff(a, b)
    assert text_of(before).replace(" ", "") == a
    assert text_of(after).replace(" ", "") == b


cells = st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.text("xy", max_size=2))


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=8))
def test_undoing_everything_gives_the_same_sheet(steps):
    sheet = {(row, field): "" for row in range(4) for field in "ab"}
    first, history, states = dict(sheet), History(), []
    for step in steps:
        edits = []
        for row, field, text in step:
            edits.append(CellEdit(0, row, field, sheet[row, field], text))
            sheet[row, field] = text
        history.push(Step("改", tuple(edits)))
        states.append(dict(sheet))
    for _ in steps:
        for edit in history.undo():
            sheet[edit.row, edit.field] = edit.after
    assert sheet == first
    assert history.undo() == ()
    for state in states:
        for edit in history.redo():
            sheet[edit.row, edit.field] = edit.after
        assert sheet == state


def test_blocks_from_a_spreadsheet():
    assert read_block('张三\t"两\n行"\n李四\n\n') == [["张三", "两\n行"], ["李四", ""]]
    assert as_csv([["a", "b,c"]]).decode("utf-8-sig") == 'a,"b,c"\r\n'


def test_pasting_follows_the_selection():
    one = spread([["x"]], [(0, 0), (2, 1)], 9, 9)
    assert one == {(0, 0): "x", (2, 1): "x"}
    column = [(row, 0) for row in range(4)]
    assert spread([["1"], ["2"]], column, 9, 9) == {(0, 0): "1", (1, 0): "2", (2, 0): "1", (3, 0): "2"}
    assert spread([["1"], ["2"], ["3"]], column, 9, 9) == {(0, 0): "1", (1, 0): "2", (2, 0): "3"}
    assert spread([["1"], ["2"]], [(8, 0)], 9, 9) == {(8, 0): "1"}
