"""Decodes one evidence file in a process of its own that may die without harm (decision 20).

Standard input: one JSON line {"op": "inspect"|"render", "page", "width"}, then the file's bytes. Standard output: one
JSON line, then PNG bytes after a render. It imports nothing of the program, so that it starts fast and knows nothing.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

MEMORY_LIMIT = 1 << 30
CPU_SECONDS = 20
MAX_PIXELS = 100_000_000
MAX_PAGES = 200
MAX_WIDTH = 3000


class ProbeError(Exception):
    """The file is not shown; the text is a code the parent has a sentence for."""


def limit_resources() -> None:
    """Cap memory and processor time where the system can; the parent's time-out holds everywhere."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _open_pdf(data: bytes) -> Any:
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ProbeError("password" if "password" in str(error).lower() else "damaged") from error
    if len(document) == 0:
        raise ProbeError("damaged")
    if len(document) > MAX_PAGES:
        raise ProbeError("too_many_pages")
    return document


def _pdf_page(data: bytes, page: int, width: int) -> tuple[int, Any]:
    document = _open_pdf(data)
    if not 0 <= page < len(document):
        raise ProbeError("no_page")
    sheet = document[page]
    wide, high = sheet.get_size()
    if wide <= 0 or high <= 0 or high / wide > 50 or wide / high > 50:
        raise ProbeError("damaged")
    return len(document), sheet.render(scale=width / wide).to_pil()


def _image(data: bytes, width: int) -> tuple[int, Any]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    image: Any = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    if image.width * image.height > MAX_PIXELS:
        raise ProbeError("too_many_pixels")
    image.load()
    image = ImageOps.exif_transpose(image).convert("RGB")
    image.thumbnail((width, width * 4))
    return 1, image


def probe(op: str, data: bytes, page: int, width: int) -> tuple[dict[str, Any], bytes]:
    """Decode `data`; the answer for the parent and, for a render, the PNG. Raises ProbeError."""
    width = max(16, min(width, MAX_WIDTH))
    if data.startswith(b"%PDF-"):
        pages, image = _pdf_page(data, page, width)
    else:
        pages, image = _image(data, width)
    answer = {"ok": True, "pages": pages, "width": image.width, "height": image.height}
    if op == "inspect":
        return answer, b""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return answer, buffer.getvalue()


def main() -> int:
    """Read the request, answer, and end. Whatever the file does, the answer is one of a few codes."""
    limit_resources()
    request = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    picture = b""
    try:
        answer, picture = probe(request["op"], data, int(request["page"]), int(request["width"]))
    except ProbeError as error:
        answer = {"ok": False, "code": str(error)}
    except MemoryError:
        answer = {"ok": False, "code": "too_many_pixels"}
    except Exception:  # a hostile file may raise anything in a decoder
        answer = {"ok": False, "code": "damaged"}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + picture)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
