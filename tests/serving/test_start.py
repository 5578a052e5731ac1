"""Starting: what cannot work is said in one sentence; another embedder works, and never mixes with what another made."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rag.load_embedder import STATIC
from rag.settings import Settings
from serving.instance import ports, start
from tests import service as instances
from tests.rag.tiny_transformer import save_tiny_transformer
from tests.service import Service, add, finished, search, upload


def glossa(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "serving.command.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def up(*options: object) -> "subprocess.CompletedProcess[str]":
    return glossa("up", *options)


def test_a_port_in_use_is_refused_before_anything_starts(service: Service, tmp_path: Path) -> None:
    port = service.url.rsplit(":", 1)[1]
    tried = up("--data", tmp_path / "data", "--port", port)
    assert tried.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in " ".join(tried.stderr.split())
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("embedder", "offline"), [(None, "1"), (STATIC, "1"), ("BAAI/bge-m3", "0")])
def test_only_a_model_of_a_hub_may_reach_for_the_network(embedder: str | None, offline: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", embedder=embedder)
    settings.run.mkdir(parents=True)
    assert start.environment(settings, tmp_path)["HF_HUB_OFFLINE"] == offline


def test_what_to_do_about_old_collections_names_three_and_the_commands_without_a_password() -> None:
    assert start.old_collections(["default"], Settings()) == (
        "The static model made the vectors of 'default', so the service starts with it, as --embedder static does. "
        "To search by meaning too, run `glossa reembed` while it runs, then `glossa down`, and start again.\n"
    )
    elsewhere = Settings(data=Path("my data"), catalog="postgresql://me:secret@db/glossa")
    said = start.old_collections(["a", "b", "c", "d", "e"], elsewhere)
    assert "'a', 'b', 'c' and 2 more" in said
    assert "`glossa reembed --data 'my data' --catalog postgresql://me:***@db/glossa`" in said


def test_a_data_folder_in_use_is_refused(service: Service) -> None:
    tried = up("--data", service.data, "--port", ports.free())
    assert tried.returncode in (1, 2)
    assert "is already running on the folder" in " ".join(tried.stderr.split())
    with service.client() as client:
        assert client.get("/readyz").status_code == 200


@pytest.mark.heavy
def test_an_embedder_that_does_not_exist_is_told_in_one_sentence(tmp_path: Path) -> None:
    tried = up("--data", tmp_path / "data", "--port", ports.free(), "--embedder", "/nonexistent/model")
    assert tried.returncode == 2
    assert "No embedder '/nonexistent/model' was found" in " ".join(tried.stderr.split())
    assert "Traceback" not in tried.stderr


@pytest.mark.heavy
def test_another_embedder_works_and_its_collection_waits_for_the_change_to_the_next(tmp_path: Path) -> None:
    model = save_tiny_transformer(tmp_path / "model")
    other = instances.start(tmp_path / "data", "--embedder", str(model))
    with other.client() as client:
        assert add(client, "lamp.txt", b"the lamp is red")["status"] == "ready"
        assert search(client, "the lamp")[0]["name"] == "lamp.txt"
        encoders = [process for process in psutil.Process(other.process.pid).children(True) if process.cmdline()[:1] == ["ray::Encoder"]]
        assert len(encoders) == 2, "one for each ingest worker"
        for encoder in encoders:  # what is being embedded then is embedded by those that come after them
            encoder.kill()
        assert add(client, "sofa.txt", b"the sofa is green")["status"] == "ready"
    assert other.stop() == 0

    usual = instances.start(tmp_path / "data")
    with usual.client() as client:
        refused = client.post("/v1/search", json={"question": "the lamp", "collections": ["default"]})
        assert refused.status_code == 409
        assert "run `glossa reembed`" in refused.json()["detail"]
        said = (tmp_path / "data.log").read_text().rpartition("Starting Ray")[2]
        assert "Collection 'default' is not searched: it holds vectors of 'model@" in said
        assert "ERROR" not in said
        failed = finished(client, upload(client, ("sofa.txt", b"The sofa is green."))[0]["id"])
        assert (failed["status"], "was embedded by" in failed["error"]) == ("failed", True)
        assert add(client, "sofa.txt", b"The sofa is green.", "fresh")["status"] == "ready"
        made = glossa("reembed", "--data", usual.data)
        assert (made.returncode, made.stderr) == (0, "")
        assert "ready for default (2 documents embedded now)" in made.stdout
        assert "glossa down, then glossa up\n" in made.stdout
    assert usual.stop() == 0

    changed = instances.start(tmp_path / "data")
    with changed.client() as client:
        assert search(client, "Is the lamp red?", collections=["default"])[0]["name"] == "lamp.txt"
        client.post(f"/v1/documents/{failed['id']}/retry")
        assert finished(client, failed["id"])["status"] == "ready"
    assert changed.stop() == 0
    assert "There is nothing to do" in glossa("reembed", "--data", tmp_path / "data").stdout


@pytest.mark.heavy
def test_a_data_folder_of_an_earlier_release_answers_as_it_did_until_its_vectors_are_those_of_the_encoder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    old = instances.start(data, "--embedder", "static")
    with old.client() as client:
        assert add(client, "lamp.txt", b"the lamp is red")["status"] == "ready"
    assert old.stop() == 0

    same = instances.start(data)
    said = (tmp_path / "data.log").read_text().rpartition("The static model made")[2]
    assert said.startswith(" the vectors of 'default', so the service starts with it")
    assert f"run `glossa reembed --data {data}` while it runs, then `glossa down --data {data}`, and start again" in said
    with same.client() as client:
        assert search(client, "the lamp")[0]["name"] == "lamp.txt"
        assert client.post("/v1/ask", json={"question": "Is the lamp red?"}).json()["citations"][0]["name"] == "lamp.txt"
        assert add(client, "sofa.txt", b"the sofa is green")["status"] == "ready"
        assert glossa("reembed", "--data", data).stdout.endswith("glossa down, then glossa up\n")
        assert client.get("/v1/status").json()["embedder"] == "static"
    assert same.stop() == 0

    assert (tmp_path / "data.log").read_text().count("The static model made") == 1


def test_a_change_of_the_embedder_where_no_service_was_says_so(tmp_path: Path) -> None:
    tried = glossa("reembed", "--data", tmp_path / "nowhere")
    assert (tried.returncode, tried.stdout) == (1, "")
    assert "There is no folder" in tried.stderr
    assert not (tmp_path / "nowhere").exists()
