"""Names with tone marks."""

import pytest

from models.rules.tones import with_tones


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("张三", "zhāng sān"),
        ("单丽", "shàn lì"),
        ("吕布", "lǚ bù"),
        ("尉迟敏", "yù chí mǐn"),
        ("張偉", "zhāng wěi"),
        ("买买提·艾力", "mǎi mǎi tí ài lì"),
        ("", ""),
        ("㐂明", ""),
    ],
)
def test_the_preferred_reading_carries_its_tones(name: str, sound: str) -> None:
    assert with_tones(name) == sound
