"""The command `glossa calibrate`: a copy of an embedder that finds across the languages of a mixed collection."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.command.console import err, fail, out

if TYPE_CHECKING:
    from rag.calibrating import Calibration
    from rag.model_sources import Source
    from rag.records import EmbedderStamp


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A sentence-transformers model, by name or path, as --embedder takes it.")],
    *,
    folder: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="New folder for the calibrated model.", show_default=False)],
) -> None:
    """Make a copy of an embedder that suits collections with documents in several languages.

    In most models the vector of a text also shows its language: a question
    finds passages in its own language first, and the right passage in
    another language behind them. From 128 bundled sentences in the eight
    languages this command finds the directions that show the language, and
    writes the model to FOLDER with one layer more, which removes them.
    Dimension and prompts stay the same.

    On 32 of the sentences, which it does not fit to, it measures how often a
    sentence finds its translation before every other sentence. If the gain
    is below one point, nothing is written and the command fails. The encoder
    in the package is calibrated already; static models cannot be.

    No service is needed. A model of the size of multilingual-e5-small takes
    under a minute, a large one minutes on a CPU. Every machine that embeds
    needs FOLDER at the same path.

    Examples:  glossa calibrate BAAI/bge-m3 --out models/bge-m3-calibrated
               glossa up --embedder models/bge-m3-calibrated
               glossa reembed --embedder models/bge-m3-calibrated
    """
    from rag.calibrated_model import new_folder
    from rag.calibrating import HELD_BACK
    from rag.errors import InvalidInput
    from rag.languages import LANGUAGES
    from rag.load_embedder import STATIC, located

    if model == STATIC:
        raise InvalidInput("The static model in the package cannot be calibrated; give a transformer.")
    source, folder = located(model), folder.expanduser().resolve()
    with new_folder(folder, source) as path:
        stamp, found = _fitted(model)
        measured = (
            f"In a mixed collection of the eight languages, a sentence finds its translation before every other sentence in "
            f"{found.before:.1%} of the cases with {stamp.model} as it is, and in {found.after:.1%} calibrated "
            f"({HELD_BACK} sentences kept apart, {HELD_BACK * len(LANGUAGES) * (len(LANGUAGES) - 1):,} cases)."
        )
        if not found.helps:
            fail(f"{measured} That does not help, so nothing was written.")
        _write(source, stamp, found, path)
    out.print(measured, soft_wrap=True)
    option = f"--embedder {shlex.quote(str(folder))}"
    out.print(f"Use it: glossa up {option}", soft_wrap=True)
    out.print(f"For collections that exist: glossa reembed {option}, then glossa down and glossa up {option}", soft_wrap=True)


def _fitted(model: str) -> "tuple[EmbedderStamp, Calibration]":
    """Load, encode, fit; the model is out of memory again when this returns."""
    import torch

    from rag import calibrating
    from rag.load_embedder import load_embedder
    from serving.command.progress import counting

    with err.status("Loading the model"):
        embedder = load_embedder(model)
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # loading has set one, for replicas beside one another; this is alone
    with counting("Encoding", calibrating.STEPS) as tick:
        return embedder.stamp, calibrating.calibrate(embedder, tick)


def _write(source: "Source", stamp: "EmbedderStamp", found: "Calibration", path: Path) -> None:
    from safetensors import SafetensorError

    from rag.calibrated_model import write_calibrated

    try:
        with err.status("Writing"):
            write_calibrated(source, stamp, found, path)
    except (OSError, SafetensorError) as error:
        fail(f"The calibrated model could not be written ({error}); give --out on a disk with room for a copy of the model.")
