"""Promise 3: once a delete is acknowledged no answer from any replica contains the document again."""

import concurrent.futures

import httpx

from tests.service import Service, add, search


def test_no_replica_answers_from_a_document_after_its_delete_was_acknowledged(
    service: Service, client: httpx.Client, collection: str
) -> None:
    kept = add(client, "kept.txt", b"The canteen opens at noon.", collection)
    for turn in range(8):
        document = add(client, "soup.txt", f"The canteen serves soup number {turn} on Mondays.".encode(), collection)
        assert document["id"] in {
            passage["document_id"] for passage in search(client, "canteen soup", collections=[collection], min_version=document["version"])
        }
        assert client.delete(f"/v1/documents/{document['id']}").status_code == 200
        with concurrent.futures.ThreadPoolExecutor(8) as threads:  # enough at once to reach both replicas
            answers = list(threads.map(lambda _: search(client, "canteen soup", collections=[collection]), range(16)))
        assert {passage["document_id"] for passages in answers for passage in passages} == {kept["id"]}
    assert client.get(f"/v1/documents/{document['id']}/content").status_code == 404
    assert client.get(f"/v1/documents/{document['id']}/text").status_code == 404


def test_the_blob_of_the_last_document_with_those_bytes_leaves_the_disk(service: Service, client: httpx.Client, collection: str) -> None:
    def blobs() -> set[str]:
        return {path.name for path in (service.data / "blobs").rglob("*") if path.is_file()}

    before = blobs()
    first = add(client, "one.txt", b"Two names, one content.", collection)
    second = add(client, "two.txt", b"Two names, one content.", collection)
    assert len(blobs() - before) == 1
    client.delete(f"/v1/documents/{first['id']}")
    assert len(blobs() - before) == 1
    assert search(client, "two names", collections=[collection])[0]["document_id"] == second["id"]
    client.delete(f"/v1/documents/{second['id']}")
    assert blobs() == before
