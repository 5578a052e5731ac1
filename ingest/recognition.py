"""Text of pictures (OCR) by Tesseract 5, where the program is installed with the data of a language (https://tesseract-ocr.github.io).

Tesseract reads best with the data of the language that a page is in, and says how sure it is of each word: with the data of another script
hardly at all (5 to 70 of 100 on the sample documents, 90 to 95 with the right one). So the scripts are tried in turn, that of the page
before first, and what was read tells the language among the Latin ones. Limits of memory and time are those of the parser's process.
"""

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.cleaning import tidy
from ingest.sections import Section
from ingest.shaping import mend
from rag.errors import TooLarge, Unreadable
from rag.languages import detect_language
from rag.settings import ParseLimits

DPI = 300  # https://tesseract-ocr.github.io/tessdoc/ImproveQuality.html, "Rescaling"
DATA = {"en": "eng", "de": "deu", "fr": "fra", "it": "ita", "pt": "por", "es": "spa", "hi": "hin", "th": "tha"}  # ISO 639-2/T
SCRIPTS = [[data for code, data in DATA.items() if code not in ("hi", "th")], [DATA["hi"]], [DATA["th"]]]
SURE = 80.0  # of 100: no other script needs to be tried
LEAST = 50.0  # below this it is a photograph, or writing that cannot be read
WORD = "5"  # the level of a row
_ROW = re.compile(r"\d+(\t[^\t\n]*){11}")  # of Tesseract's table of words, which comes before the text
INSTALL = "install Tesseract with the data of its language (Debian: apt-get install tesseract-ocr tesseract-ocr-deu ...) and try again"


NOTHING_SEEN = "A picture on the page holds no text that could be read."
NOT_READ = f"The page is a picture, and nothing here reads its text; {INSTALL}."


def nothing_found() -> Unreadable:
    """What is wrong with a document that consists of pictures of which nothing was read."""
    if installed():
        return Unreadable(
            f"The document has no text layer, and text recognition (Tesseract: {', '.join(installed())}) saw no text in its pictures."
        )
    return NoRecognition(f"The document has no text layer (scanned pages or pictures); {INSTALL}.")


class NoRecognition(Unreadable):
    """A picture of text, and no Tesseract to read it: once that is there, another try helps."""


@cache
def installed() -> tuple[str, ...]:
    """The data of Tesseract for the eight languages, such as `deu`; empty without Tesseract."""
    if shutil.which("tesseract") is None:
        return ()
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    return tuple(data for data in DATA.values() if data in listed)


class Reading(NamedTuple):
    """What Tesseract read with some `data`; `confidence` is its own, from 0 to 100, averaged over characters."""

    confidence: float
    text: str
    data: str


class Recognition:
    """Reads the pages of one document."""

    def __init__(self) -> None:
        self._scripts = [data for script in SCRIPTS if (data := [each for each in script if each in installed()])]

    def text(self, picture: Image.Image) -> str:
        """The text of a picture of a page, lines ended by newlines; empty where none is seen, or none that can be read."""
        grey = io.BytesIO()
        picture.convert("L").save(grey, "PPM")
        best = Reading(0.0, "", "")
        for script in self._scripts:
            best = max(best, _read(grey.getvalue(), script[0]))
            if best.confidence >= SURE:
                break
        if best.confidence < LEAST:
            return ""
        script = next(script for script in self._scripts if best.data in script)
        right = DATA.get(detect_language(best.text))
        if right in script and right != best.data:
            best = max(best, _read(grey.getvalue(), right))
        # the next page is like this one, most likely
        script.insert(0, script.pop(script.index(best.data)))
        self._scripts.insert(0, self._scripts.pop(self._scripts.index(script)))
        return tidy(mend(best.text))


def _read(picture: bytes, data: str) -> Reading:
    """Raises Unreadable when Tesseract fails."""
    # Thai is written without spaces; by default Tesseract puts some in
    command = ["tesseract", "stdin", "stdout", "--dpi", str(DPI), "-l", data, "-c", "preserve_interword_spaces=1", "tsv", "txt"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}  # the other cores have other documents
    done = subprocess.run(command, input=picture, capture_output=True, check=False, env=environment)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise Unreadable(f"Text recognition failed ({said}); try again, or save the file anew.")
    lines = done.stdout.decode(errors="replace").splitlines()
    rows = [line.split("\t") for line in takewhile(_ROW.match, lines[1:])]
    words = [(float(row[10]), len(row[11])) for row in rows if row[0] == WORD]
    characters = sum(length for _, length in words)
    confidence = sum(sure * length for sure, length in words) / characters if characters else 0.0
    return Reading(confidence, "\n".join(lines[1 + len(rows) :]), data)


def parse_image(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield one section per picture of the file. Raises NoRecognition without Tesseract, Unreadable for a damaged file, TooLarge."""
    if not installed():
        raise NoRecognition(f"The file is a picture, and nothing here reads its text; {INSTALL}.")
    recognition = Recognition()
    Image.MAX_IMAGE_PIXELS = None  # Pillow warns at its own limit; ours is checked below, before pixels are read
    try:
        with Image.open(path) as file:
            for picture in ImageSequence.Iterator(file):
                if picture.width * picture.height > limits.pixels:
                    raise TooLarge(f"The picture has {picture.width:,} x {picture.height:,} pixels; scan it at {DPI} dots per inch.")
                yield Section("", recognition.text(_upright(picture)))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:  # as Pillow's plugins do
        raise Unreadable(f"The picture is damaged ({error}); save it anew.") from error


def _upright(picture: Image.Image) -> Image.Image:
    """As a camera's note says it was held, on white where it is transparent."""
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
