"""Which of the two models of the package serves a catalog when no embedder is named: the encoder, or the static model of earlier releases.

The collections of earlier releases hold vectors of the static model. They are searched by it until `ingest.reembedding` has prepared them.
"""

from sqlalchemy import Engine

from rag.catalog.collections import embedder_stamps, next_stamps
from rag.load_embedder import STATIC, encoder_name, static_name


def default_embedder(engine: Engine) -> str | None:
    """What `load_embedder` is to load: None, the encoder, or 'static'. Decide it once, at start: all processes must use the same."""
    return STATIC if waiting_for_encoder(engine) else None


def waiting_for_encoder(engine: Engine) -> list[str]:
    """Names of the collections that nobody could search if the encoder were in use; none where a collection holds its vectors already.

    They hold vectors of the static model, and those of the encoder are not ready beside them. One collection of the encoder decides for
    the encoder, as the two are not searched together.
    """
    held = embedder_stamps(engine)
    static = static_name()
    old = {name for name, stamp in held.items() if stamp.model == static}
    if not old:
        return []
    encoder = encoder_name()
    if any(stamp.model == encoder for stamp in held.values()):
        return []
    ready = {name for name, stamp in next_stamps(engine).items() if stamp.model == encoder}
    return sorted(old - ready)
