"""Bring a model's cosines onto the scale of the bundled encoder, for which the weights of `rag.fusion` were fitted.

Models differ in where their cosines lie: multilingual-e5 gives 0.75 to 0.9, others 0.1 to 0.7. Each is asked the same few questions when it
is loaded; the line through the mean cosine of right pairs and of wrong ones gives gain and offset.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PAIRS = (  # a question and a passage that answers it, in one language and across
    ("How long may a book be kept?", "Readers may keep a book for four weeks and extend the loan once."),
    ("Wann beginnt der Kurs?", "Der Kurs beginnt am Montag um neun Uhr in Raum 12."),
    ("Où se trouve la pharmacie ?", "La pharmacie est au rez-de-chaussée, à droite de l'entrée principale."),
    ("Quanto pesa la valigia?", "La valigia vuota pesa 3,2 kg e può contenere fino a 20 kg."),
    ("Quem aprova as despesas?", "As despesas são aprovadas pela diretora financeira antes do pagamento."),
    ("बैठक कहाँ होगी?", "बैठक दूसरी मंज़िल पर सम्मेलन कक्ष में होगी।"),
    ("¿Qué hay que hacer en caso de incendio?", "Si hay fuego, salga por la escalera y no use el ascensor."),
    ("ร้านอาหารเปิดกี่โมง", "ร้านอาหารเปิดทุกวันตั้งแต่สิบเอ็ดโมงเช้าถึงสามทุ่ม"),
    ("Which animals live in the forest?", "Im Wald leben Rehe, Füchse und viele Vögel."),
    ("Wer hat das Museum entworfen?", "The museum was designed by a young architect from Porto."),
    ("¿Cuándo se fundó la ciudad?", "A cidade foi fundada por pescadores no século XVI."),
    ("Combien coûte un billet ?", "टिकट की कीमत वयस्कों के लिए दो सौ रुपये है।"),
    ("How is the plant watered?", "รดน้ำต้นไม้สัปดาห์ละสองครั้งในตอนเช้า"),
)
RIGHT, WRONG = 0.8618, 0.7647  # mean cosines of the encoder of the package on these pairs (tests/rag/test_likeness.py)
LEAST_GAP = 1e-3  # between the means of a model that tells right from wrong


@dataclass(frozen=True, slots=True)
class Likeness:
    """A line from a model's cosines to the encoder's."""

    gain: float = 1.0
    offset: float = 0.0

    def __call__(self, cosines: Floats) -> Floats:
        """The cosines (n,) on the encoder's scale."""
        scaled: Floats = (self.gain * cosines + self.offset).astype(np.float32)
        return scaled


def measured(encode_question: Callable[[str], Floats], encode_passages: Callable[[Sequence[str]], Floats]) -> Likeness:
    """The line for a model with this encoding. A model that cannot distinguish right from wrong keeps its cosines."""
    right, wrong = pair_means(encode_question, encode_passages)
    if right - wrong < LEAST_GAP:
        return Likeness()
    gain = (RIGHT - WRONG) / (right - wrong)
    return Likeness(gain, RIGHT - gain * right)


def pair_means(encode_question: Callable[[str], Floats], encode_passages: Callable[[Sequence[str]], Floats]) -> tuple[float, float]:
    """The mean cosine of the questions with their own passages, and with all other passages."""
    cosines = np.stack([encode_question(question) for question, _ in PAIRS]) @ encode_passages([passage for _, passage in PAIRS]).T
    own = np.eye(len(PAIRS), dtype=bool)
    return float(cosines[own].mean()), float(cosines[~own].mean())
