"""A reader that puts no passage through the encoder's layers twice: the same ones come up under many questions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.encoder import Encoder
from rag.reader import Floats, Reader


class Remembering(Reader):
    """The reader of the package. States of texts are kept in memory, f16, for as long as this object is."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self._kept: dict[tuple[int, ...], NDArray[np.float16]] = {}

    def _lower_states(self, texts: Sequence[list[int]]) -> list[Floats]:
        new = [text for text in texts if tuple(text) not in self._kept]
        if new:
            self._kept.update(
                {tuple(text): states.astype(np.float16) for text, states in zip(new, super()._lower_states(new), strict=True)}
            )
        return [self._kept[tuple(text)].astype(np.float32) for text in texts]
