"""The command line: its help agrees with the code, its exit codes are right, and it works on the real service."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serving.command.cli import app

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "up",
    "down",
    "ingest",
    "ask",
    "search",
    "documents",
    "delete",
    "cancel",
    "retry",
    "status",
    "keys",
    "audit",
    "reembed",
    "calibrate",
    "doctor",
    "profiles",
    "eval",
]
GROUPS = {"keys": ("create", "list", "rotate", "revoke"), "audit": ("list", "verify")}


def glossa(*arguments: object, environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command as a person without a terminal does."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GLOSSA_")}
    return subprocess.run(
        [sys.executable, "-m", "serving.command.cli", *map(str, arguments)],
        env={**outside, **(environment or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def on(service: Any) -> Any:
    """Run a command on the service of the tests."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return glossa(*arguments, environment={"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key})

    return run


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    (folder / "north").mkdir(parents=True)
    (folder / "north" / "mail.txt").write_text("The mail boat calls at Havnby every Tuesday at noon.")
    (folder / "south.txt").write_text("The lighthouse keeper at Cabo paints the tower white each spring.")
    (folder / ".hidden.txt").write_text("Nobody sees this.")
    return folder


def rows(printed: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a tab-separated table with these headings."""
    lines = printed.splitlines()
    start = lines.index("\t".join(columns)) + 1
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[start:] if line.count("\t") == len(columns) - 1]


def test_help_names_every_command() -> None:
    shown = glossa("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"│ {command} ", shown.stdout), command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_gives_an_example_and_defaults(command: str) -> None:
    outside = {name: None for name in os.environ if name.startswith("GLOSSA_")}
    shown = CliRunner(env={**outside, "COLUMNS": "200"}).invoke(app, [command, "--help"])  # no process for each: they take a second
    assert shown.exit_code == 0
    assert re.search(rf"Examples?: +glossa {command}\b", shown.stdout)
    if command not in ("profiles", "calibrate", *GROUPS):  # which need no service, or have commands that do
        assert "GLOSSA_DATA" in shown.stdout
        assert "default: data" in shown.stdout


@pytest.mark.parametrize("command", [f"{group} {command}" for group, commands in GROUPS.items() for command in commands])
def test_help_of_a_command_in_a_group_gives_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert re.search(rf"Example: +glossa {command}\b", shown.stdout)
    assert "GLOSSA_DATA" in shown.stdout


def test_help_does_not_wait_for_heavy_packages() -> None:
    heavy = "{'ray', 'torch', 'faiss', 'fastapi', 'sqlalchemy', 'sentence_transformers', 'httpx'}"
    code = f"import sys, serving.command.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_path_is_wrong_usage() -> None:
    refused = glossa("ingest", "/nowhere/at/all.pdf")
    assert (refused.returncode, refused.stderr) == (2, "There is no file or folder /nowhere/at/all.pdf; check the path.\n")


def test_an_unknown_option_is_wrong_usage() -> None:
    assert glossa("ask", "Why?", "--colection", "x").returncode == 2


def test_no_service_is_one_sentence(tmp_path: Path) -> None:
    refused = glossa("ask", "Why?", "--data", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == f"No service runs on the folder {tmp_path}; start one with `glossa up`, or set GLOSSA_URL and GLOSSA_KEY.\n"


def test_ingest_shows_each_document(on: Any, letters: Path) -> None:
    done = on("ingest", letters, "--collection", "letters")
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout, ("name", "status", "pages", "language", "note"))
    assert [(row["name"], row["status"], row["language"]) for row in table] == [
        ("north/mail.txt", "ready", "English"),
        ("south.txt", "ready", "English"),
    ]
    assert re.search(r"\n2 ready; 2 pages in \d+\.\d s\n$", done.stdout)
    assert "2/2 ready" in done.stderr
    assert "hidden" not in done.stdout


def test_ingest_fails_when_one_file_failed_and_says_why(on: Any, letters: Path) -> None:
    (letters / "empty.pdf").write_bytes(b"")
    done = on("ingest", letters, "--collection", "with-a-fault")
    assert done.returncode == 1
    by_name = {row["name"]: row for row in rows(done.stdout, ("name", "status", "pages", "language", "note"))}
    assert by_name["empty.pdf"]["status"] == "failed"
    assert by_name["empty.pdf"]["note"] != ""
    assert by_name["south.txt"]["status"] == "ready"


def test_of_a_large_folder_a_terminal_shows_what_has_a_remark_and_the_sums(service: Any, tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"note-{number}.txt").write_text(f"Locker {number} belongs to employee {number * 7919}.")
    (tmp_path / "empty.pdf").write_bytes(b"")
    terminal, theirs = os.openpty()
    environment = os.environ | {"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key, "COLUMNS": "160"}
    command = [sys.executable, "-m", "serving.command.cli", "ingest", str(tmp_path), "--collection", "notes"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        assert process.wait(120) == 1
        os.close(theirs)
        shown = os.read(terminal, 100_000).decode()
        os.close(terminal)
    assert "Documents with a note" in shown
    assert "empty.pdf" in shown
    assert "note-7.txt" not in shown
    assert re.search(r"60 ready, 1 failed; 60 pages in \d+\.\d s", shown)


def test_ask_gives_the_answer_and_then_its_sources(on: Any, letters: Path) -> None:
    on("ingest", letters, "--collection", "asked")
    done = on("ask", "When does the mail boat call at Havnby?", "--collection", "asked")
    assert done.returncode == 0, done.stderr
    answer, _, sources = done.stdout.partition("\nSources\n")
    assert "Tuesday at noon" in answer
    assert sources.startswith("[1] north/mail.txt, page 1: ")


def test_search_and_ask_give_json(on: Any, letters: Path) -> None:
    on("ingest", letters, "--collection", "as-json")
    found = json.loads(on("search", "Who paints the lighthouse?", "--collection", "as-json", "--k", 1, "--json").stdout)
    assert [passage["name"] for passage in found["passages"]] == ["south.txt"]
    asked = json.loads(on("ask", "Who paints the lighthouse?", "--collection", "as-json", "--json").stdout)
    assert asked["citations"][0]["name"] == "south.txt"


def test_documents_are_listed_and_deleted(on: Any, letters: Path) -> None:
    on("ingest", letters, "--collection", "listed")
    columns = ("id", "name", "collection", "status", "pages", "language", "note")
    listed = rows(on("documents", "--collection", "listed").stdout, columns)
    assert sorted(row["name"] for row in listed) == ["north/mail.txt", "south.txt"]
    assert on("delete", *(row["id"] for row in listed)).returncode == 0
    assert rows(on("documents", "--collection", "listed").stdout, columns) == []


def test_deleting_what_does_not_exist_fails_but_the_rest_is_deleted(on: Any, letters: Path) -> None:
    on("ingest", letters / "south.txt", "--collection", "half")
    columns = ("id", "name", "collection", "status", "pages", "language", "note")
    (row,) = rows(on("documents", "--collection", "half").stdout, columns)
    done = on("delete", "d_0000000000000000", row["id"])
    assert done.returncode == 1
    assert done.stdout == f"{row['id']} is deleted.\n"


def test_an_ingest_is_cancelled_and_tried_again(on: Any, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("A sentence about harbours and ships.\n\n" * 6_000)  # ten seconds of the encoder or more
    on("ingest", tmp_path / "long.txt", "--collection", "stopped", "--no-wait")
    columns = ("id", "name", "collection", "status", "pages", "language", "note")

    def row() -> dict[str, str]:
        (found,) = rows(on("documents", "--collection", "stopped").stdout, columns)
        return found

    id = row()["id"]
    assert on("cancel", id).stdout == f"{id} is cancelled.\n"
    assert (row()["status"], row()["note"]) == ("failed", "The ingest was cancelled; retry it, or delete the document.")
    again = on("cancel", id)
    assert (again.returncode, "is failed already" in again.stderr) == (1, True)
    assert on("retry", id).stdout == f"{id} is queued again.\n"
    while row()["status"] not in ("ready", "failed"):
        time.sleep(0.3)
    assert row()["status"] == "ready"
    on("delete", id)


def test_status_names_the_models_and_the_collections(on: Any, letters: Path) -> None:
    on("ingest", letters, "--collection", "counted")
    shown = on("status")
    assert shown.returncode == 0
    assert re.search(r"^generator +extractive$", shown.stdout, re.MULTILINE)
    by_name = {row["name"]: row for row in rows(shown.stdout, ("name", "documents", "ready", "chunks", "languages", "embedder"))}
    assert (by_name["counted"]["documents"], by_name["counted"]["ready"]) == ("2", "2")


def test_the_profiles_are_listed_with_their_memory() -> None:
    lines = glossa("profiles").stdout.splitlines()
    assert "llama-3.1-8b\t1\tL40S\t15\t128\t131072\t16\t31" in lines


def test_eval_fails_below_what_is_demanded(on: Any, letters: Path, tmp_path: Path) -> None:
    on("ingest", letters, "--collection", "measured")
    questions = tmp_path / "questions.jsonl"
    english = {"question_language": "en", "document_language": "en"}
    found = {"id": "1", "question": "When does the mail boat call?", "document": "mail.txt", **english}
    missed = {"id": "2", "question": "Who paints the tower?", "document": "absent.txt", **english}
    questions.write_text(f"{json.dumps(found)}\n{json.dumps(missed)}\n")
    figures = tmp_path / "figures.json"
    done = on("eval", questions, "--collection", "measured", "--min-same", "0.95", "--json", figures)
    assert (done.returncode, done.stderr) == (1, "hit@3 within a language is 0.500, below 0.95.\n")
    measured = json.loads(figures.read_text())
    assert (measured["same"]["hit3"]["value"], measured["cross"], measured["missed"]) == (0.5, None, ["2"])
    assert on("eval", questions, "--collection", "measured", "--min-same", "0.5").returncode == 0


def test_a_question_file_with_a_fault_is_wrong_usage(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"id": "1"}\n')
    refused = glossa("eval", questions)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Line 1 of {questions} is not a question")
