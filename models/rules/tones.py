"""How a name sounds, with tone marks, for a person to read out: zhāng sān.

The reading is the one user names are made from; pypinyin knows the tones of each reading of a character.
"""

from __future__ import annotations

import unicodedata

from models.rules.readings import plain, read


def with_tones(name: str) -> str:
    """The preferred reading of `name` as syllables with tone marks; "" when it cannot be read."""
    reading = read(name)
    characters = [char for char in plain(name) if char != "·"]
    if reading.problem or len(reading.ways[0]) != len(characters):
        return ""
    return " ".join(_marked(char, syllable) for char, syllable in zip(characters, reading.ways[0], strict=True))


def _marked(character: str, syllable: str) -> str:
    """The tone-marked form of `syllable` (ü written v) as a reading of `character`; without marks when unknown."""
    from pypinyin import Style, pinyin  # costs 50 ms, and only a shown name needs it

    (known,) = pinyin(character, style=Style.TONE, heteronym=True)
    return next((form for form in known if _bare(form) == syllable), syllable.replace("v", "ü"))


def _bare(form: str) -> str:
    decomposed = unicodedata.normalize("NFD", form).replace("u\u0308", "v")
    return "".join(char for char in decomposed if not unicodedata.combining(char))
