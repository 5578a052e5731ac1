"""Where no embedder is named, a catalog of the static model is served by it until the encoder's vectors are ready; over both databases."""

from rag.catalog.reembedding import finish, put_beside, switch, without_vectors
from rag.default_embedder import default_embedder, waiting_for_encoder
from rag.load_embedder import encoder_name, static_name
from rag.records import EmbedderStamp
from tests.conformance.catalog_fixture import STAMP, Desk, embedded

ENCODER = EmbedderStamp(encoder_name(), 4, "query: ", "passage: ")
STATIC = EmbedderStamp(static_name(), 4, "", "")


def add(desk: Desk, collection: str, stamp: EmbedderStamp) -> None:
    desk.ingest(desk.upload("a.txt", collection.encode(), collection), "abcd", stamp=stamp)


def prepare(desk: Desk, *names: str) -> None:
    for content_id in without_vectors(desk.engine, ENCODER, names):
        put_beside(desk.engine, content_id, [embedded("abcd")], ENCODER)
    finish(desk.engine, ENCODER, names)


def test_a_fresh_catalog_is_for_the_encoder_and_so_is_one_whose_documents_wait(desk: Desk) -> None:
    assert default_embedder(desk.engine) is None
    desk.upload("a.txt", b"a")
    assert default_embedder(desk.engine) is None


def test_collections_of_the_static_model_are_for_it_until_all_of_them_are_ready_for_the_encoder(desk: Desk) -> None:
    for name in ("x", "y"):
        add(desk, name, STATIC)
    assert (default_embedder(desk.engine), waiting_for_encoder(desk.engine)) == ("static", ["x", "y"])
    prepare(desk, "y")
    assert (default_embedder(desk.engine), waiting_for_encoder(desk.engine)) == ("static", ["x"])
    prepare(desk)
    assert default_embedder(desk.engine) is None
    assert sorted(switch(desk.engine, ENCODER)) == ["x", "y"]
    assert default_embedder(desk.engine) is None


def test_one_collection_of_the_encoder_decides_for_it(desk: Desk) -> None:
    add(desk, "old", STATIC)
    add(desk, "new", ENCODER)
    assert default_embedder(desk.engine) is None


def test_collections_of_other_models_and_of_other_versions_decide_nothing(desk: Desk) -> None:
    add(desk, "theirs", STAMP)
    add(desk, "older", EmbedderStamp("glossa-static@00000000", 4, "", ""))
    assert default_embedder(desk.engine) is None
    add(desk, "old", STATIC)
    assert (default_embedder(desk.engine), waiting_for_encoder(desk.engine)) == ("static", ["old"])


def test_a_collection_that_has_been_emptied_decides_nothing(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    desk.ingest(document, "abcd", stamp=STATIC)
    desk.delete(document)
    assert default_embedder(desk.engine) is None


def test_collections_that_were_prepared_for_another_model_still_wait(desk: Desk) -> None:
    add(desk, "x", STATIC)
    finish(desk.engine, STAMP)
    assert default_embedder(desk.engine) == "static"
