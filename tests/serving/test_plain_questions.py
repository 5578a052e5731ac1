"""Plain questions about small files, as a newcomer asks them: each has one right answer in one of the files, or none."""

from pathlib import Path

import pytest

from tests.service import Service, add

FILES = Path(__file__).parent / "plain_files"
COLLECTION = "plain"

RIGHT = [
    ("What is the IBAN?", "IBAN: DE00 1234 5678 9012 3456 00"),
    ("How long is the warranty?", "Warranty: 24 months"),
    ("Who is the customer?", "Customer: Mara Testfall"),
    ("When is the delivery?", "Delivery date: 12 March 2025"),
    ("How many days of leave are there?", "The leave is 28 days a year."),
    ("Which countries take part?", "- Peru\n- Kenya\n- Nepal\n- Norway"),
    ("Who are the teachers?", "Teachers: Ada Probe, Ben Muster and Cyd Testfall."),
    ("When does the course end?", "The course starts on 4 August and ends on 22 August."),
    ("Who leads the laboratory?", "Dr Nora Beispiel leads the laboratory."),
    ("What is the revenue of Widget C?", "Product: Widget C; Region: South; Revenue: 3000"),
    ("Which product has a revenue of 8000?", "Product: Widget D; Region: South; Revenue: 8000"),
    ("What is PPR-9087 made of?", "Part: PPR-9087; Material: steel; Weight in g: 216"),
    ("What happened with code E-1042?", "pump 7 overheated"),
    ("How much power does the RTX-4080 need?", "The graphics card RTX-4080 needs 320 watts."),
    ("Which period does § 14 Abs. 3 set?", "Nach § 14 Abs. 3 beträgt die Frist drei Monate."),
    ("Which invoice is for 1234.50 euros?", "Rechnung 1:"),
    ("Which invoice is due on 2025-12-03?", "Rechnung 2:"),
    ("How much does the bottle hold?", "The bottle holds 250 ml."),
    ("What is the last date for applications?", "१५ मार्च २०२५"),
]
OF_ONE_FILE = [  # another file has such a line too
    ("kv.txt", "Welche IBAN steht auf der Rechnung?", "IBAN: DE00 1234 5678 9012 3456 00"),
    ("numbers.txt", "Which invoice is due on 12 March 2025?", "Rechnung 1:"),
    ("hindi-digits.txt", "What is the fee in rupees?", "शुल्क ₹५०० है।"),
    ("kv.txt", "How much is the sales tax?", "Sales tax: 66.23 EUR"),
    ("kv.txt", "What is the total?", "Total: 942.14 EUR"),
    ("kv.txt", "Who is the cashier?", "Cashier: Emil Probe"),
    ("receipt.pdf", "What was the sales tax?", "Sales Tax (8.5%) 66.23"),
    ("receipt.pdf", "Who is the cashier?", "Cashier: Emil Probe"),
]
NOTHING = ["How much power does the RTX-5090 need?", "Who won the world cup in 2018?", "What is the capital of Mongolia?"]


@pytest.fixture(scope="module")
def documents(service: Service) -> dict[str, str]:
    """The ids of the files, by name."""
    with service.client() as client:
        return {path.name: add(client, path.name, path.read_bytes(), COLLECTION)["id"] for path in sorted(FILES.iterdir())}


def ask(service: Service, question: str | None, **wishes: object) -> list[str]:
    """What is quoted, best first."""
    with service.client() as client:
        answer = client.post("/v1/ask", json={"question": question, "collections": [COLLECTION], **wishes})
    assert answer.status_code == 200, answer.text
    return [citation["quote"] for citation in answer.json()["citations"]]


@pytest.mark.parametrize(("question", "right"), RIGHT)
def test_the_line_that_answers_is_quoted_first(service: Service, documents: dict[str, str], question: str, right: str) -> None:
    quotes = ask(service, question)
    assert quotes, "refused"
    assert right in quotes[0]


@pytest.mark.parametrize(("name", "question", "right"), OF_ONE_FILE)
def test_a_line_of_one_file_is_quoted_first(service: Service, documents: dict[str, str], name: str, question: str, right: str) -> None:
    quotes = ask(service, question, filters={"document_ids": [documents[name]]})
    assert quotes, "refused"
    assert right in quotes[0]


@pytest.mark.parametrize("question", NOTHING)
def test_what_no_file_says_is_declined(service: Service, documents: dict[str, str], question: str) -> None:
    assert ask(service, question) == []


@pytest.mark.parametrize(("question", "right"), [("And for students?", "students pay 150 euros"), ("Is Norway one of them?", "Norway")])
def test_a_question_that_goes_on_is_answered_from_the_same_place(
    service: Service, documents: dict[str, str], question: str, right: str
) -> None:
    earlier = "How much is the fee of the course?" if "students" in question else "Which countries take part?"
    messages = [{"role": "user", "content": earlier}, {"role": "assistant", "content": "See above."}, {"role": "user", "content": question}]
    assert any(right in quote for quote in ask(service, None, messages=messages))
