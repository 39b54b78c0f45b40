"""Evidence is decoded in a child process; whatever the file is, the answer is a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from models.domain.errors import FileRefusedError
from models.services import evidence, evidence_probe


def image(format_: str, size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (180, 190, 200)).save(buffer, format_)
    return buffer.getvalue()


def pdf(pages: int = 2) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type", "pages"),
    [(image("JPEG"), "image/jpeg", 1), (image("PNG"), "image/png", 1), (pdf(2), "application/pdf", 2)],
)
def test_the_three_kinds_are_told_by_their_bytes(tmp_path: Path, data: bytes, media_type: str, pages: int) -> None:
    path = tmp_path / "户籍证明.dat"
    path.write_bytes(data)
    found = evidence.inspect(path)
    assert (found.media_type, found.pages, found.size, found.data) == (media_type, pages, len(data), data)


@pytest.mark.parametrize("data", [image("JPEG"), pdf()])
def test_a_page_becomes_a_picture_of_the_width_asked_for(data: bytes) -> None:
    picture = Image.open(io.BytesIO(evidence.render(data, 0, 200)))
    assert picture.format == "PNG"
    assert abs(picture.width - 200) <= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空文件"),
        (b"MZ\x90\x00program", "不是 JPG"),
        (image("GIF"), "不是 JPG"),
        (image("JPEG")[:200], "已损坏"),
        (b"%PDF-1.7\nnothing here", "已损坏"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "已损坏"),
        (b"\xff\xd8\xff" + b"\0" * (evidence.MAX_BYTES + 1), "10 MB"),
    ],
)
def test_a_refusal_says_what_to_do(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "材料.pdf"
    path.write_bytes(data)
    with pytest.raises(FileRefusedError, match=words):
        evidence.inspect(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="打不开"):
        evidence.inspect(tmp_path / "没有.pdf")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    header = image("PNG", (1, 1))
    huge = header[:16] + (40000).to_bytes(4, "big") * 2 + header[24:]
    with pytest.raises(FileRefusedError):
        evidence.inspect_bytes("大图.png", huge)


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(FileRefusedError, match="没有这一页"):
        evidence.render(pdf(1), 5)


def test_a_child_that_dies_or_hangs_is_a_refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text("import os, sys; sys.stdin.buffer.read(); os._exit(9)")
    monkeypatch.setattr(evidence_probe, "__file__", str(script))
    with pytest.raises(FileRefusedError, match="已损坏"):
        evidence.render(image("PNG"))
    script.write_text("import time; time.sleep(30)")
    monkeypatch.setattr(evidence, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(FileRefusedError, match="时间过长"):
        evidence.render(image("PNG"))


def test_the_probe_needs_nothing_of_the_program() -> None:
    source = Path(evidence_probe.__file__).read_text(encoding="utf-8")
    assert "from models" not in source
    assert "import models" not in source


@pytest.mark.parametrize("code", ["password", "damaged", "too_many_pages", "too_many_pixels", "no_page"])
def test_every_code_of_the_probe_has_a_sentence(code: str) -> None:
    assert evidence._SENTENCES[code]
