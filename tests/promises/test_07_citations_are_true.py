"""Promise 7: every citation names a passage that was given, and its quote is equal to the document's text at that span."""

import json

import httpx
import pytest

from tests.service import add

GERMAN = """# Urlaub

Jede Mitarbeiterin hat dreißig Tage Urlaub im Jahr.  Resturlaub verfällt am 31. März.

# Parken

Der Parkplatz hinter dem Werk ist kostenlos.
"""


@pytest.mark.parametrize("stream", [False, True])
def test_each_quote_is_the_text_of_the_page_at_its_span(client: httpx.Client, collection: str, stream: bool) -> None:
    document = add(client, "urlaub.md", GERMAN.encode(), collection)
    request = {"question": "Wie viele Tage Urlaub hat eine Mitarbeiterin?", "collections": [collection], "stream": stream}
    if stream:
        events = client.post("/v1/ask", json=request).text.split("\n\n")
        assert [event.split("\n")[0] for event in events if event] == sorted(
            (event.split("\n")[0] for event in events if event),
            key=["event: passages", "event: delta", "event: citations", "event: done"].index,
        )
        answer = json.loads(next(event for event in events if event.startswith("event: done")).split("data: ", 1)[1])
        deltas = [json.loads(event.split("data: ", 1)[1])["text"] for event in events if event.startswith("event: delta")]
        assert "".join(deltas) == answer["answer"]
    else:
        answer = client.post("/v1/ask", json=request).json()
    assert "Jede Mitarbeiterin hat dreißig Tage Urlaub im Jahr. [1]" in answer["answer"]
    assert (answer["language"], answer["generator"]) == ("de", "extractive")
    for citation in answer["citations"]:
        page = client.get(f"/v1/documents/{document['id']}/text", params={"page": citation["page"]}).json()
        assert page["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert f"[{citation['marker']}]" in answer["answer"]
