"""A class written almost like another one."""

from __future__ import annotations

import pytest

from models.rules.classes import unlike_classes


@pytest.mark.parametrize("slip", ["五年级一班儿", "五(1)班", "五年级1班", "5.1"])
def test_a_slip_is_told(slip):
    assert unlike_classes({"五年级一班": 40, "五年级二班": 38, slip: 1}) == {slip: "五年级一班"}


@pytest.mark.parametrize("name", ["五年级三班", "十五年级一班", "特教班", "五年级十一班"])
def test_a_small_class_of_its_own_is_left_alone(name):
    assert unlike_classes({"五年级一班": 40, "五年级二班": 38, name: 1}) == {}


def test_two_pupils_make_a_class():
    assert unlike_classes({"五年级一班": 40, "五年级一班儿": 2}) == {}


def test_tens():
    assert unlike_classes({"二〇二四级十二班": 30, "二〇二四级12班": 1, "二十三班": 9, "23班": 1}) == {
        "二〇二四级12班": "二〇二四级十二班",
        "23班": "二十三班",
    }
