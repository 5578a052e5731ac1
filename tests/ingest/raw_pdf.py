"""Writes PDFs object by object, for what no library writes."""

from collections.abc import Sequence


def raw_pdf(*pages: str, catalog: str = "", page: str = "", resources: str = "", objects: Sequence[str | tuple[str, bytes]] = ()) -> bytes:
    """A PDF of a page for each content stream, in Helvetica as /F1. `objects` are numbered from 10; a pair is a stream and its dictionary.

    `catalog`, `page` and `resources` are written into these dictionaries; pages and contents are numbered from 1000 on.
    """
    kids = " ".join(f"{1000 + 2 * number} 0 R" for number in range(len(pages)))
    bodies: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode("latin-1"),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    for number, content in enumerate(pages):
        own = f"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> {resources} >> /Contents {1001 + 2 * number} 0 R {page}"
        bodies[1000 + 2 * number] = f"<< /Type /Page /Parent 2 0 R {own} >>".encode("latin-1")
        bodies[1001 + 2 * number] = stream("", content.encode("cp1252"))
    for number, body in enumerate(objects, start=10):
        bodies[number] = body.encode("latin-1") if isinstance(body, str) else stream(*body)
    out, offsets = b"%PDF-1.7\n", {}
    for number, body in bodies.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"xref\n0 1\n0000000000 65535 f \n" + b"".join(b"%d 1\n%010d 00000 n \n" % place for place in offsets.items())
    return out + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(offsets) + 1, len(out))


def stream(dictionary: str, data: bytes) -> bytes:
    return f"<< {dictionary} /Length {len(data)} >>\nstream\n".encode("latin-1") + data + b"\nendstream"


def written(*lines: tuple[float, float, str], size: int = 11) -> str:
    """A content stream that writes each text at its place, left and up in points."""
    return " ".join(f"BT /F1 {size} Tf {left} {up} Td ({text}) Tj ET" for left, up, text in lines)
