"""Forms and tables of names and values, made from the short strings of translated programs; questions in eight languages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tools.train_reader.examples import LANGUAGES, Example, Mark, places, rows, two_languages

FILES = ("osm-id-tagging-schema", "godot-editor", "mozilla-www-l10n", "commons-app", "wikipedia-app")
FORMS, TABLES = 5_000, 4_000
LONGEST_NAME = 28  # characters
FEWEST_LANGUAGES = 5  # of a name
NOT_IN_NAMES = "%{<$:;"
FIELDS, FEWEST_FIELDS = 9, 5  # of a form, with the one that is asked for in vain
COLUMNS, FEWEST_COLUMNS, TABLE_ROWS = 4, 3, (3, 7)
ALIKE = 0.4  # of the questions are in the language of the form
ANSWERED = 0.7
IN_A_LINE = 0.3  # of the forms have their fields in one line
PEOPLE = (
    "Nora Weiss", "Jean Moreau", "Luca Bianchi", "Ana Souza", "Ravi Gupta", "Carmen Ruiz", "Somchai Jaidee", "Emily Clark", "आशा वर्मा",
    "สมชาย ใจดี", "Peter Lang", "Inês Prado",
)  # fmt: skip
SEPARATORS = (": ", " : ", ": ")
FOR_A_NAME = {
    "en": ("What is the {}?", "{}?", "What {} is stated?", "Which {} is it?", "Tell me the {}", "Where do I find the {}?"),
    "de": ("Wie lautet {}?", "Was steht bei {}?", "Welche {} ist angegeben?", "Wie ist {}?", "Nenne {}"),
    "fr": ("Quel est le {} ?", "Quelle est la {} ?", "Quelle {} est indiquée ?", "C'est quoi {} ?"),
    "it": ("Qual è il {}?", "Qual è la {}?", "Quale {} è indicato?", "Dimmi {}"),
    "pt": ("Qual é o {}?", "Qual é a {}?", "Qual {} é indicado?", "Me diga {}"),
    "hi": ("{} क्या है?", "{} बताइए", "{} कितना है?", "{} कौन सा है?", "{} कहाँ है?"),
    "es": ("¿Cuál es el {}?", "¿Cuál es la {}?", "¿Qué {} se indica?", "Dime {}"),
    "th": ("{}คืออะไร", "{}เท่าไร", "{}คือเท่าไร", "{}อยู่ที่ไหน", "{}คือใคร"),
}
FOR_A_CELL = {  # the column's name, and the row's first cell
    "en": "What is the {} of {}?",
    "de": "Wie ist {} von {}?",
    "fr": "Quel est {} de {} ?",
    "it": "Qual è {} di {}?",
    "pt": "Qual é {} de {}?",
    "hi": "{1} का {0} क्या है?",
    "es": "¿Cuál es {} de {}?",
    "th": "{}ของ {} คืออะไร",
}

Name = dict[str, str]  # language -> the name in it


def forms(folder: Path, rng: Random) -> Iterator[Example]:
    """Lines of a name and a value each, and tables in the form that the parsers write them."""
    names = [name for file in FILES for name in rows(folder / f"{file}.jsonl.gz") if _is_name(name)]
    for make, count in ((_form, FORMS), (_table, TABLES)):
        for _ in range(count):
            example = make(names, rng)
            if example is not None:
                yield example


def _is_name(name: Name) -> bool:
    short = all(len(text) <= LONGEST_NAME and not any(sign in text for sign in NOT_IN_NAMES) for text in name.values())
    return short and len(name) >= FEWEST_LANGUAGES and name.get("en", "1")[:1].isalpha()


def _form(names: list[Name], rng: Random) -> Example | None:
    asked_in, written_in = two_languages(list(LANGUAGES), rng, ALIKE)
    fields = [name for name in rng.sample(names, 40) if asked_in in name and written_in in name][:FIELDS]
    if len(fields) < FEWEST_FIELDS:
        return None
    *there, missing = fields
    separator = rng.choice(SEPARATORS)
    lines = [f"{name[written_in]}{separator}{_value(names, written_in, rng)}" for name in there]
    text = ("; " if rng.random() < IN_A_LINE else "\n").join(lines)
    at = rng.randrange(len(there))
    asked = there[at] if rng.random() < ANSWERED else missing
    question = rng.choice(FOR_A_NAME[asked_in]).format(_inner(asked[asked_in], asked_in))
    return _answered(question, text, lines[at] if asked is there[at] else None)


def _table(names: list[Name], rng: Random) -> Example | None:
    asked_in, written_in = two_languages(list(LANGUAGES), rng, ALIKE)
    head = [name for name in rng.sample(names, 30) if asked_in in name and written_in in name][:COLUMNS]
    if len(head) < FEWEST_COLUMNS:
        return None
    first_cell = rng.choice(_FIRST_CELLS)
    keys = list({first_cell(names, written_in, rng): None for _ in range(rng.randint(*TABLE_ROWS) + 1)})
    if len(keys) < TABLE_ROWS[0]:
        return None
    *there, missing = keys
    columns = [name[written_in] for name in head]
    lines = [
        "; ".join([f"{columns[0]}: {key}", *(f"{column}: {_value(names, written_in, rng)}" for column in columns[1:])]) for key in there
    ]
    at = rng.randrange(len(there))
    is_there = rng.random() < ANSWERED
    question = FOR_A_CELL[asked_in].format(_inner(rng.choice(head[1:])[asked_in], asked_in), there[at] if is_there else missing)
    return _answered(question, "\n".join(["; ".join(columns), *lines]), lines[at] if is_there else None)


def _answered(question: str, text: str, line: str | None) -> Example:
    if line is None:
        return Example(question, text, Mark.NOTHING)
    return Example(question, text, Mark.SENTENCE, places(text, line)[:1])


def _inner(name: str, language: str) -> str:
    """As the name is written within a sentence."""
    return name if language == "de" else name[0].lower() + name[1:]


def _value(names: list[Name], language: str, rng: Random) -> str:
    makers: tuple[Callable[[], str], ...] = (
        lambda: f"{rng.randint(1, 9999)}",
        lambda: f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.{rng.randint(1990, 2027)}",
        lambda: f"{rng.randint(1, 999)},{rng.randint(0, 99):02d} €",
        lambda: rng.choice(PEOPLE),
        lambda: _code(rng),
        lambda: f"{rng.randint(2, 90)} {rng.choice(('kg', 'km', 'min', 'h', 'cm', '%', 'l', 'W'))}",
        lambda: f"info{rng.randint(1, 99)}@example.org",
        lambda: _word(names, language, rng),
    )
    return rng.choice(makers)()


def _code(rng: Random) -> str:
    return f"{rng.choice('ABCDKLXQ')}{rng.choice('BCDZ')}-{rng.randint(10, 99999)}"


def _word(names: list[Name], language: str, rng: Random) -> str:
    return next(name[language] for name in rng.sample(names, 200) if language in name)


_FIRST_CELLS: tuple[Callable[[list[Name], str, Random], str], ...] = (
    lambda names, language, rng: _code(rng),
    lambda names, language, rng: _code(rng),
    lambda names, language, rng: rng.choice(PEOPLE),
    _word,
    _word,
)
