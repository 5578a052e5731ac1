"""Writes a calibrated model: the folder of a sentence-transformers model with the projection as one layer more."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize

from rag.calibrating import HELD_BACK, Calibration
from rag.errors import InvalidInput
from rag.model_sources import Source
from rag.records import EmbedderStamp
from rag.transformer_embedder import open_model

CARD = """# {name}, calibrated

`glossa calibrate` made this model: {name} with one linear layer more, which removes from a vector the directions by which
the eight languages of Glossa differ (language identity removal, https://arxiv.org/abs/2109.04727). Nothing else was changed;
licence and limits are those of {name}.

In a mixed collection of the eight languages a sentence finds its translation before every other sentence in {after:.1%} of
the cases, without the layer in {before:.1%} ({held_back} sentences that were not fitted to).
"""


@contextmanager
def new_folder(folder: Path, source: Source) -> Iterator[Path]:
    """A path beside `folder` to write into. It becomes `folder` when the block ends well; otherwise nothing is left.

    Raises InvalidInput when `folder` is not to be written: it is in use, within the folder of the model, or where nothing can be made.
    """
    if source.local and folder.resolve().is_relative_to(Path(source.path).resolve()):
        raise InvalidInput(f"The folder {folder} is within that of the model; give another one.")
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file; give a new folder.")
    if not folder.parent.is_dir():
        raise InvalidInput(f"There is no folder {folder.parent} to make {folder.name} in; make it first, or give another one.")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise InvalidInput(f"The folder {folder} is not empty; give a new one, or remove it first.")
        scratch = tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent)
    except OSError as error:
        raise InvalidInput(f"The folder {folder} cannot be made ({error.strerror}); give another one.") from error
    with scratch as made:
        path = Path(made) / "model"
        yield path
        path.replace(folder)


def write_calibrated(source: Source, stamp: EmbedderStamp, calibration: Calibration, folder: Path) -> None:
    """Write the model of `source`, in the type of its weights, with the projection before its vectors get unit length.

    The prompts that Glossa uses with it, which `stamp` has, are written too: some are known by the name of the model, and `folder` has
    another. Raises InvalidInput when the model cannot be loaded, OSError or SafetensorError when it cannot be written.
    """
    model = open_model(source.path, local=source.local, device="cpu")
    with model.truncate_embeddings(None):
        width = model.get_embedding_dimension() or stamp.dimension
    weight = torch.zeros(stamp.dimension, width)  # a model that cuts its vectors short goes on to do so
    weight[:, : stamp.dimension] = torch.from_numpy(calibration.projection)
    dense = Dense(width, stamp.dimension, bias=False, activation_function=torch.nn.Identity(), init_weight=weight)
    prompts = {name: prompt or "" for name, prompt in model.prompts.items()}
    modules = list(model)
    last = modules.pop() if isinstance(modules[-1], Normalize) else Normalize()
    calibrated = SentenceTransformer(
        modules=[*modules, dense, last],
        prompts={**prompts, "query": stamp.question_prompt, "document": stamp.passage_prompt},
        default_prompt_name=model.default_prompt_name,
        similarity_fn_name=model.similarity_fn_name,
        device="cpu",
    )
    calibrated.save(str(folder), create_model_card=False)
    figures = {"before": calibration.before, "after": calibration.after, "held_back": HELD_BACK}
    (folder / "README.md").write_text(CARD.format(name=stamp.model, **figures), encoding="utf-8")
