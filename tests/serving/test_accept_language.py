"""The client's language: the request's own field before the header, and both only where the question's language is unsure."""

from typing import get_args

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rag.answer import NOTHING_FOUND
from rag.languages import LANGUAGES
from serving.api.accept_language import AcceptedLanguage, preferred_language
from serving.api.schemas import Language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, None),
        ("", None),
        ("*", None),
        ("fr", "fr"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, pt-BR;q=0.9", "pt"),
        ("ja,ko;q=0.9,TH;q=0.1", "th"),
        ("es;q=0,it;q=0.2", "it"),
        ("fr;q=high,de;q=nan,en;q=2,hi;Q=0.3", "hi"),
        ("en,de", "en"),
        (";;;,=,q=1", None),
    ],
)
def test_the_header_prefers_the_one_of_the_eight_with_the_highest_weight(header: str | None, language: str | None) -> None:
    assert preferred_language(header) == language


def test_a_route_gets_the_language_of_its_request() -> None:
    app = FastAPI()

    @app.get("/")
    async def accepted(language: AcceptedLanguage) -> str | None:
        return language

    client = TestClient(app)
    assert client.get("/", headers={"Accept-Language": "hi-IN,en;q=0.5"}).json() == "hi"
    assert client.get("/", headers={"Accept-Language": "xx"}).json() is None


def test_a_request_names_one_of_the_eight() -> None:
    assert get_args(Language) == tuple(LANGUAGES)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("body", "header", "language"),
    [
        ({"question": "Angela Merkel"}, "it-IT", "it"),
        ({"question": "Angela Merkel", "language": "hi"}, "it-IT", "hi"),
        ({"question": "Quel est le montant total ?", "language": "en"}, "en-US", "fr"),
        ({"question": "Angela Merkel", "earlier": "Wer leitet das Labor?"}, "it-IT", "de"),
    ],
)
def test_the_clients_language_decides_only_where_the_question_is_unsure(
    client: httpx.Client, collection: str, body: dict[str, str], header: str, language: str
) -> None:
    asked = {**body, "filters": {"document_ids": ["d_0"]}}
    found = client.post("/v1/search", json=asked, headers={"Accept-Language": header})
    assert (found.status_code, found.json()["language"]) == (200, language)
    if "earlier" not in asked:
        answer = client.post("/v1/ask", json=asked, headers={"Accept-Language": header}).json()
        assert (answer["language"], answer["answer"]) == (language, NOTHING_FOUND[language])
