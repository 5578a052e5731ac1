"""Promise 5: a search that carries the `version` returned by an upload sees that upload, whichever replica answers."""

import concurrent.futures

import httpx

from tests.service import Service, search, upload


def test_a_search_with_the_version_of_an_upload_sees_it_on_every_replica(service: Service, client: httpx.Client, collection: str) -> None:
    for turn in range(5):
        row = upload(client, (f"badge-{turn}.txt", f"Badge {turn} opens the gate of hall {turn}.".encode()), collection=collection)[0]

        def seen(_: int, turn: int = turn, version: int = row["version"]) -> bool:
            passages = search(client, f"badge {turn} gate hall {turn}", collections=[collection], min_version=version, k=10)
            return f"badge-{turn}.txt" in {passage["name"] for passage in passages}

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            assert all(threads.map(seen, range(8)))


def test_a_version_that_does_not_exist_is_told_so(client: httpx.Client) -> None:
    response = client.post("/v1/search", json={"question": "anything", "min_version": 10**12})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("There is no version 1000000000000 yet")
