"""Questions about files of kinds that once lost what is asked for: form values, attachments, tables over pages, mails."""

from pathlib import Path

import pytest

from tests.service import Service, add

CASES = Path(__file__).parents[1] / "ingest" / "cases"
COLLECTION = "cases"
NAMES = (
    "filled-form.pdf",
    "table-over-pages.pdf",
    "with-attachment.pdf",
    "typewriter-note.pdf",
    "html-mail.eml",
    "forwarded-as-attachment.eml",
    "utf8-one-nul.txt",
)


@pytest.fixture(scope="module")
def documents(service: Service) -> dict[str, dict[str, object]]:
    """The documents, by name."""
    with service.client() as client:
        return {name: add(client, name, (CASES / name).read_bytes(), COLLECTION) for name in NAMES}


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How many drills of 8 mm are in stock?", "Drill 8 mm 6.20 35"),
        ("What is the name of the employee?", "Name of the employee: Mara Testfall"),
        ("What is the kind of leave?", "Kind of leave: Parental leave"),
        ("How much does a bolt cost?", "A bolt costs 17 cents."),
        ("Who received the delivery?", "Received by: Nora Beispiel, warehouse 3"),
        ("Bis wann gilt das Angebot?", "Das Angebot gilt bis zum 15. Mai 2025."),
        ("When does the lease end?", "The lease ends on 30 June 2027 and the deposit is 2400 dollars."),
    ],
)
def test_what_was_lost_is_answered(service: Service, documents: dict[str, dict[str, object]], question: str, quoted: str) -> None:
    with service.client() as client:
        answer = client.post("/v1/ask", json={"question": question, "collections": [COLLECTION]}).json()
    assert quoted in [citation["quote"] for citation in answer["citations"]]


def test_what_was_not_read_is_told_of_the_document(documents: dict[str, dict[str, object]]) -> None:
    assert documents["utf8-one-nul.txt"]["notes"] == [{"text": "1 zero byte was left out.", "pages": [1]}]
    assert documents["filled-form.pdf"]["notes"] == []
