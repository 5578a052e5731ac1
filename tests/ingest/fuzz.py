"""Damages files of every format at random and reads each in its sandbox: it gives pages or one of our errors, and leaves nothing behind.

An exception that is not ours, a parser that crashed or one that ran into its time limit is printed with the way to make the file again.
Run: make fuzz, or .venv/bin/python -m tests.ingest.fuzz [FOLDER...] [--files 2000] [--seed N]. Exit code 1 when there was one of those.
"""

import argparse
import io
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import psutil
from PIL import Image
from rich.progress import track

from ingest.magic import sniff
from ingest.sandbox import ParserDied, Sandbox
from rag.errors import RagError
from rag.settings import ParseLimits
from tests.ingest.office_files import CHART, DIAGRAM, docx, odf, paragraph, strict
from tests.ingest.test_more_formats import mail, odt

SAMPLES = Path(__file__).parents[2] / "samples" / "documents"
CASES = Path(__file__).parent / "cases"
LIMITS = ParseLimits(memory_bytes=1 << 30, page_seconds=20)
SLOW = "took more than"
KINDS = {
    ".pdf",
    ".docx",
    ".pptx",
    ".xlsx",
    ".epub",
    ".html",
    ".md",
    ".csv",
    ".txt",
    ".json",
    ".jsonl",
    ".rtf",
    ".eml",
    ".msg",
    ".odt",
    ".ods",
    ".odp",
    ".png",
    ".xml",
    ".mbox",
}


def originals(folders: list[Path]) -> dict[str, bytes]:
    """Files by name: those of the folders and of the cases, and one of each kind that these lack."""
    found = {path.name: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS}
    found.pop("no-tounicode.pdf", None)  # each reading of it takes seconds of text recognition
    picture = io.BytesIO()
    Image.effect_noise((60, 40), 80).save(picture, "PNG")
    rtf = rb"{\rtf1\ansi\deff0 {\b Lager} Der Aufzug wird am Freitag repariert.\par {\u3652?\u3607?} \trowd a\cell b\cell\row}"
    records = b'{"lift": {"state": "repaired", "day": 5}, "stairs": [{"floor": 1}, {"floor": 2, "note": "clean"}]}'
    return found | {
        "letter.odt": odt(),
        "mail.eml": mail(),
        "mail.html.eml": mail(html=True),
        "mail.msg": (Path(__file__).parent / "mail.msg").read_bytes(),
        "note.rtf": rtf,
        "records.json": records,
        "records.jsonl": records + b"\n" + records,
        "noise.png": picture.getvalue(),
        **office_originals(),
    }


def office_originals() -> dict[str, bytes]:
    """Office files with what the samples lack: lists, equations, charts, diagrams, imported parts, files of the Strict dialect."""
    level = '<w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="(%1)"/></w:lvl>'
    lists = f'<w:abstractNum w:abstractNumId="1">{level}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    inside = (
        '<w:r><w:drawing><c:chart r:id="rId90"/><dgm:relIds r:dm="rId91"/></w:drawing></w:r><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r>'
    )
    inside += '</m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath><w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
    mht = b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Sch\xf6n</p>"
    inner = docx(paragraph("one", numbered=(1, 0)), paragraph("two", inside=inside), numbering=lists, parts={
        "rId90": ("chart/chart1.xml", CHART.encode()), "rId91": ("diagramData/data1.xml", DIAGRAM.encode())})  # fmt: skip
    chunks = ['<w:altChunk r:id="rId90"/>', '<w:altChunk r:id="rId91"/>']
    row = '<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>1,5</text:p></table:table-cell></table:table-row>'
    slide = f"<draw:page><draw:frame><table:table>{row}</table:table></draw:frame></draw:page>"
    workbook, deck = (SAMPLES / name for name in ("catalogo-accessori.xlsx", "plan-emergencias-bogota.pptx"))
    return {
        "kinds.docx": inner,
        "imported.docx": docx(*chunks, parts={"rId90": ("aFChunk/a.docx", inner), "rId91": ("aFChunk/a.mht", mht)}),
        "strict.xlsx": strict(workbook.read_bytes()),
        "strict.pptx": strict(deck.read_bytes()),
        "sheet.ods": odf("spreadsheet", f'<table:table table:name="S">{row * 3}</table:table>'),
        "slides.odp": odf("presentation", slide),
    }


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes after one to eight faults; of a ZIP container half of the time the bytes of a member, packed again."""
    if content.startswith(b"PK") and rng.random() < 0.5:
        return repacked(content, rng)
    data = bytearray(content)
    for _ in range(rng.randrange(1, 9)):
        at, length = rng.randrange(len(data) + 1), min(len(data), int(rng.expovariate(1 / 50)) + 1)
        fault = rng.randrange(6)
        if fault == 0:
            del data[at : at + length]
        elif fault == 1:
            data[at : at + length] = rng.randbytes(length)
        elif fault == 2:
            data[at:at] = data[at : at + length] * rng.randrange(1, 20)
        elif fault == 3:
            data[at:at] = rng.choice([b"\0", b"\xff" * 4, b"99999999999", b"<", b"\\", b"[[", b"{{", b"-1", "ก้".encode(), b"%s"]) * length
        elif fault == 4 and data:
            data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
        elif fault == 5 and rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def repacked(content: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(members))
    members[chosen] = damaged(members[chosen], rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def read(sandbox: Sandbox, path: Path) -> str:
    """How it ended: `read`, the name of one of our errors, or what is to be mended."""
    try:
        for _ in sandbox.parse(path, sniff(path, path.name)):
            pass
    except ParserDied:
        return "CRASH"
    except RagError as error:
        return "SLOW" if SLOW in str(error) else type(error).__name__
    except Exception as error:  # noqa: BLE001 - whatever is not ours is what is looked for
        return f"FAULT {type(error).__name__}: {str(error)[:100]}"
    return "read"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[SAMPLES, CASES])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng, sandbox, ended = random.Random(options.seed), Sandbox(LIMITS), Counter[str]()
    began, files = time.monotonic(), originals(options.folders)
    with tempfile.TemporaryDirectory() as temporary:
        for number in track(range(options.files), "damaging and reading"):
            name = rng.choice(sorted(files))
            path = Path(temporary) / name
            if not (content := damaged(files[name], rng)):
                continue
            path.write_bytes(content)
            how = read(sandbox, path)
            ended[how.split(":")[0]] += 1
            if how.isupper() or how.startswith("FAULT"):
                kept = Path("artifacts/fuzz") / f"{options.seed}-{number}-{name}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(content)
                print(f"{how}: {kept}")
            path.unlink()
        sandbox.close()
        left = [*Path(temporary).iterdir(), *psutil.Process().children(recursive=True)]
    print(
        f"{options.files} files in {time.monotonic() - began:.0f} s: " + ", ".join(f"{count} {how}" for how, count in ended.most_common())
    )
    if left or any(how.isupper() or how.startswith("FAULT") for how in ended):
        print(f"left behind: {left}" if left else "not all ended as they should", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
