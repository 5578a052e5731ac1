"""Promise 8: nothing found is said plainly; the service does not answer from nothing."""

import httpx
import pytest

from tests.service import add

ASKED = {
    "en": ("What is the boiling point of tungsten?", "I found nothing in the documents that answers this."),
    "de": ("Wie hoch ist der Siedepunkt von Wolfram?", "Ich habe in den Dokumenten nichts gefunden, was diese Frage beantwortet."),
    "th": ("จุดเดือดของทังสเตนคือเท่าไร", "ไม่พบข้อมูลในเอกสารที่ตอบคำถามนี้"),
    "hi": ("टंगस्टन का क्वथनांक क्या है?", "मुझे दस्तावेज़ों में ऐसा कुछ नहीं मिला जो इस प्रश्न का उत्तर दे।"),
}


@pytest.mark.parametrize("language", sorted(ASKED))
def test_an_empty_collection_answers_nothing_in_the_language_of_the_question(client: httpx.Client, collection: str, language: str) -> None:
    document = add(client, "gone.txt", b"Soon gone.", collection)
    client.delete(f"/v1/documents/{document['id']}")
    question, sentence = ASKED[language]
    answer = client.post("/v1/ask", json={"question": question, "collections": [collection]}).json()
    assert (answer["answer"], answer["citations"], answer["language"]) == (sentence, [], language)


def test_documents_about_something_else_do_not_answer(client: httpx.Client, collection: str) -> None:
    add(client, "garden.txt", b"The roses in the courtyard are watered every Tuesday.\n\nThe gardener is called Emil.", collection)
    answer = client.post("/v1/ask", json={"question": ASKED["en"][0], "collections": [collection]}).json()
    assert (answer["answer"], answer["citations"]) == (ASKED["en"][1], [])
