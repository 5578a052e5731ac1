"""Pages of structure without sentences: an invoice's labels with values, and a table, with questions in eight languages.

Wikipedia has no such pages; a model that has seen only Wikipedia refuses them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

LANGUAGES = ("en", "de", "fr", "it", "pt", "hi", "es", "th")
LABELS_ON_PAGE = 8  # of eleven; the other three are asked for in vain
ROWS, ROWS_ASKED = 9, 5
ROWS_ASKED_IN_VAIN = 2  # in each language
SEPARATORS = (": ", " : ", ": ")


@dataclass(frozen=True, slots=True)
class StructuredPage:
    """A page that stands as a document of its own, named `name`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class StructuredQuestion:
    """A question and the line of document `page` that answers it; both are None when no page does."""

    text: str
    language: str
    page: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class Structured:
    """Two pages of one language and what is asked about them, in all eight."""

    language: str
    pages: tuple[StructuredPage, ...]
    questions: tuple[StructuredQuestion, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """A label in the order of LANGUAGES, a maker of values, and how people ask for it in other words, in the same order."""

    labels: tuple[str, ...]
    value: Callable[[Random], str]
    asked: tuple[str, ...] = ()


def structured(language: str, rng: Random) -> Structured:
    """Pages of one language, drawn at random; the same state of `rng` draws the same."""
    labels, about_labels = _labels(language, rng)
    table, about_rows = _table(language, rng)
    return Structured(language, (labels, table), (*about_labels, *about_rows))


def _labels(language: str, rng: Random) -> tuple[StructuredPage, list[StructuredQuestion]]:
    fields = rng.sample(_FIELDS, len(_FIELDS))
    separator = rng.choice(SEPARATORS)
    at = LANGUAGES.index(language)
    lines = [f"{field.labels[at]}{separator}{field.value(rng)}" for field in fields[:LABELS_ON_PAGE]]
    page = StructuredPage("labels.txt", "\n".join(lines))
    questions = []
    for number, field in enumerate(fields):
        name, line = (page.name, lines[number]) if number < LABELS_ON_PAGE else (None, None)
        questions += [StructuredQuestion(text, asked_in, name, line) for asked_in, text in _asked(field, rng)]
    return page, questions


def _asked(field: _Field, rng: Random) -> Iterator[tuple[str, str]]:
    """Questions for a label with their languages: by its name, and in other words where those are known."""
    for at, language in enumerate(LANGUAGES):
        label = field.labels[at].split(" (")[0]
        yield language, rng.choice(_BY_LABEL[at]).format(label if language == "de" else label.lower())
        if field.asked:
            yield language, field.asked[at]


def _table(language: str, rng: Random) -> tuple[StructuredPage, list[StructuredQuestion]]:
    """A table as the parser of CSV writes it: the head, then each cell after its column's name."""
    part, colour, price = _COLUMNS[LANGUAGES.index(language)]
    numbers = rng.sample(range(1000, 10_000), ROWS + len(LANGUAGES) * ROWS_ASKED_IN_VAIN)
    names = [f"{rng.choice(_SERIES)}-{number}" for number in numbers[:ROWS]]
    rows = [f"{part}: {name}; {colour}: {rng.choice(_COLOURS)}; {price}: {rng.randint(5, 400)}" for name in names]
    page = StructuredPage("table.csv", "\n".join([f"{part}; {colour}; {price}", *rows]))
    questions = [
        StructuredQuestion(rng.choice(_BY_ROW[at]).format(name), asked_in, page.name, row)
        for name, row in list(zip(names, rows, strict=True))[:ROWS_ASKED]
        for at, asked_in in enumerate(LANGUAGES)
    ]
    series = names[0].partition("-")[0]  # of a part that is there: only the number is unknown
    for at, number in enumerate(numbers[ROWS:]):
        asked_in = at % len(LANGUAGES)
        text = rng.choice(_BY_ROW[asked_in]).format(f"{series}-{number}")
        questions.append(StructuredQuestion(text, LANGUAGES[asked_in], None, None))
    return page, questions


def _one_of(*values: str) -> Callable[[Random], str]:
    return lambda rng: rng.choice(values)


_SERIES = ("KL", "QX", "BM")
_COLOURS = ("red", "blau", "vert", "nero", "branco")
_BY_LABEL = (
    ("What is the {}?", "{}?"),
    ("Wie lautet {}?", "Was steht bei {}?"),
    ("Quel est le {} ?", "Quelle est la {} ?"),
    ("Qual è il {}?", "Qual è la {}?"),
    ("Qual é o {}?", "Qual é a {}?"),
    ("{} क्या है?", "{} बताइए"),
    ("¿Cuál es el {}?", "¿Cuál es la {}?"),
    ("{}คืออะไร", "{}เท่าไร"),
)
_COLUMNS = (
    ("Part", "Colour", "Price"),
    ("Teil", "Farbe", "Preis"),
    ("Pièce", "Couleur", "Prix"),
    ("Pezzo", "Colore", "Prezzo"),
    ("Peça", "Cor", "Preço"),
    ("पुर्ज़ा", "रंग", "कीमत"),
    ("Pieza", "Color", "Precio"),
    ("ชิ้นส่วน", "สี", "ราคา"),
)
_BY_ROW = (
    ("How much does {} cost?", "What colour is {}?"),
    ("Wie viel kostet {}?", "Welche Farbe hat {}?"),
    ("Combien coûte {} ?", "De quelle couleur est {} ?"),
    ("Quanto costa {}?", "Di che colore è {}?"),
    ("Quanto custa {}?", "Qual é a cor de {}?"),
    ("{} की कीमत कितनी है?", "{} का रंग क्या है?"),
    ("¿Cuánto cuesta {}?", "¿De qué color es {}?"),
    ("{} ราคาเท่าไร", "{} สีอะไร"),
)
_FIELDS = (
    _Field(
        (
            "Invoice number", "Rechnungsnummer", "Numéro de facture", "Numero di fattura", "Número da fatura", "चालान संख्या",
            "Número de factura", "เลขที่ใบแจ้งหนี้",
        ),
        lambda rng: f"{rng.randint(2020, 2026)}-{rng.randint(100, 999)}",
    ),
    _Field(
        ("Customer", "Kunde", "Client", "Cliente", "Cliente", "ग्राहक", "Cliente", "ลูกค้า"),
        _one_of("Lena Probst", "Carlo Verdi", "Asha Rao", "Somchai Dee", "Jean Petit", "Ana Costa"),
        (
            "Who is the customer?", "Wer ist der Kunde?", "Qui est le client ?", "Chi è il cliente?", "Quem é o cliente?", "ग्राहक कौन है?",
            "¿Quién es el cliente?", "ใครคือลูกค้า",
        ),
    ),
    _Field(
        ("Phone", "Telefon", "Téléphone", "Telefono", "Telefone", "फ़ोन", "Teléfono", "โทรศัพท์"),
        lambda rng: f"+49 {rng.randint(100, 999)} {rng.randint(10000, 99999)}",
    ),
    _Field(
        ("Total", "Gesamtbetrag", "Total", "Totale", "Total", "कुल राशि", "Total", "ยอดรวม"),
        lambda rng: f"{rng.randint(100, 9999)}.{rng.randint(10, 99)} EUR",
    ),
    _Field(
        ("VAT (19%)", "MwSt. (19 %)", "TVA (20 %)", "IVA (22%)", "IVA (23%)", "कर (18%)", "IVA (21%)", "ภาษีมูลค่าเพิ่ม (7%)"),
        lambda rng: f"{rng.randint(10, 999)}.{rng.randint(10, 99)}",
        (
            "How much VAT is charged?", "Wie hoch ist die Mehrwertsteuer?", "À combien s’élève la TVA ?", "A quanto ammonta l’IVA?",
            "Quanto é o IVA?", "कर कितना है?", "¿Cuánto es el IVA?", "ภาษีเท่าไร",
        ),
    ),
    _Field(
        (
            "Contact person", "Ansprechpartner", "Interlocuteur", "Referente", "Pessoa de contato", "संपर्क व्यक्ति", "Persona de contacto",
            "ผู้ติดต่อ",
        ),
        _one_of("Olga Stein", "Paul Mertens", "Ravi Kumar", "Nok Suwan"),
    ),
    _Field(
        (
            "Delivery date", "Lieferdatum", "Date de livraison", "Data di consegna", "Data de entrega", "डिलीवरी की तारीख",
            "Fecha de entrega", "วันที่ส่งของ",
        ),
        lambda rng: f"{rng.randint(1, 28)}.{rng.randint(1, 12):02}.2025",
        (
            "When will it be delivered?", "Wann wird geliefert?", "Quand a lieu la livraison ?", "Quando avviene la consegna?",
            "Quando será a entrega?", "डिलीवरी कब होगी?", "¿Cuándo es la entrega?", "ส่งของวันไหน",
        ),
    ),
    _Field(
        ("Guarantee", "Garantie", "Garantie", "Garanzia", "Garantia", "गारंटी", "Garantía", "การรับประกัน"),
        _one_of("18 months", "3 Jahre", "5 ans", "2 anni"),
        (
            "How long is the guarantee?", "Wie lange gilt die Garantie?", "Combien de temps dure la garantie ?", "Quanto dura la garanzia?",
            "Quanto tempo dura a garantia?", "गारंटी कितने समय की है?", "¿Cuánto dura la garantía?", "รับประกันนานเท่าไร",
        ),
    ),
    _Field(
        ("Email", "E-Mail", "E-mail", "E-mail", "E-mail", "ईमेल", "Correo electrónico", "อีเมล"),
        lambda rng: f"info{rng.randint(1, 99)}@example.org",
    ),
    _Field(
        ("Weight", "Gewicht", "Poids", "Peso", "Peso", "वज़न", "Peso", "น้ำหนัก"),
        lambda rng: f"{rng.randint(2, 90)},{rng.randint(1, 9)} kg",
        (
            "How heavy is it?", "Wie schwer ist es?", "Combien cela pèse-t-il ?", "Quanto pesa?", "Quanto pesa?", "इसका वज़न कितना है?",
            "¿Cuánto pesa?", "หนักเท่าไร",
        ),
    ),
    _Field(
        ("Room", "Raum", "Salle", "Aula", "Sala", "कमरा", "Sala", "ห้อง"),
        lambda rng: f"{rng.choice('ABC')}-{rng.randint(100, 400)}",
    ),
)  # fmt: skip
