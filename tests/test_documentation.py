"""README, docs/ and CONTRIBUTING name only commands, options, settings, files, targets and pages that exist."""

import itertools
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt

from rag.settings import MIB, OPTIONS, ParseLimits, Settings
from serving.command.cli import app

ROOT = Path(__file__).parents[1]
BLOB = "https://github.com/glossa/glossa/blob/main/"  # pages of the site cannot link to files outside docs/ in another way
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
# Options of other commands that the documents show: Ray, python -m tools.train_answers
FOREIGN_OPTIONS = {"--address", "--entrypoint-num-gpus", "--head", "--report"}
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def options_by_command(group: Any, before: str = "") -> dict[str, set[str]]:
    """The options of each command, from the parser itself; a command of a group has both names, such as `keys create`."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= options_by_command(command, f"{before}{name} ")
        found[before + name] = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
    return found


EXISTING = options_by_command(typer.main.get_command(app))


@pytest.mark.parametrize("page", [*PAGES, "Makefile"])
def test_commands_and_their_options_exist(page: str) -> None:
    for command, rest in re.findall(r"(?:^|[`$/(] ?|&& )glossa ([\w-]+)([^`\n#&]*)", read(page), re.MULTILINE):
        inner = " ".join([command, *rest.split()[:1]])
        named = inner if inner in EXISTING else command
        assert named in EXISTING, f"glossa {named}"
        for option in OPTION.findall(rest):
            assert option in EXISTING[named], f"glossa {named} {option}"


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("CONTRIBUTING.md", "CHANGELOG.md")])
def test_options_and_variables_named_anywhere_exist(page: str) -> None:
    known = {option for options in EXISTING.values() for option in options} | FOREIGN_OPTIONS
    code = " ".join(CODE.findall(read(page)))
    assert {option for option in OPTION.findall(code) if option not in known} == set()
    variables = {f"GLOSSA_{name.upper()}" for name in OPTIONS} | {"GLOSSA_URL", "GLOSSA_KEY"}
    assert set(re.findall(r"GLOSSA_[A-Z_]+", read(page))) - variables == set()


@pytest.mark.parametrize("page", PAGES)
def test_files_modules_and_make_targets_named_in_code_exist(page: str) -> None:
    code = "\n".join(CODE.findall(read(page)))
    for path in re.findall(r"`((?:rag|ingest|serving|tests|tools|samples|docs)/[\w./-]*)", code):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"\b((?:tests|tools)\.[\w.]+\w)", code):
        path = ROOT / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), module
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", code, re.MULTILINE)) <= targets


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and MkDocs give to the headings of a page."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    titles = [inline.content for opening, inline in itertools.pairwise(tokens) if opening.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}


def links(page: str) -> list[str]:
    """The targets of all links and pictures of a page."""
    inline = [child for token in MarkdownIt("commonmark").enable("table").parse(read(page)) for child in token.children or []]
    return [str(child.attrs.get("href") or child.attrs.get("src")) for child in inline if child.type in ("link_open", "image")]


@pytest.mark.parametrize("page", PAGES)
def test_links_pictures_and_anchors_resolve(page: str) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        if target.startswith(BLOB):
            target, folder = target.removeprefix(BLOB), ROOT
        elif "://" in target:
            continue
        else:
            folder = (ROOT / page).parent
        path = folder / target if target else ROOT / page
        assert path.is_file(), link
        assert not anchor or anchor in anchors(path), link


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(read("README.md").splitlines()) < 150


def test_readme_contents_and_site_list_every_page() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {link.removeprefix("docs/") for link in links("README.md") if link.startswith("docs/")} == pages
    assert set(links("docs/README.md")) - {BLOB + "README.md"} == pages
    assert set(re.findall(r": ([\w-]+\.md)$", read("mkdocs.yml"), re.MULTILINE)) == pages | {"README.md"}


def test_configuration_lists_every_option_with_its_variable_default_and_help() -> None:
    defaults = Settings()
    rows = []
    for name, option in OPTIONS.items():
        flag, value = "--" + name.replace("_", "-"), getattr(defaults, name)
        default = option.shown if value is None else str(value)
        rows.append(f"| `{flag}` | `GLOSSA_{name.upper()}` | {default} | {option.help} |")
    assert [line for line in read("docs/configuration.md").splitlines() if line.startswith("| `--")] == rows


def test_configuration_lists_every_other_setting_with_its_default() -> None:
    expected = {each.name: getattr(Settings(), each.name) for each in fields(Settings) if each.name not in {*OPTIONS, "parsing"}}
    expected |= {f"parsing.{each.name}": getattr(ParseLimits(), each.name) for each in fields(ParseLimits)}
    listed = re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", read("docs/configuration.md"), re.MULTILINE)
    assert dict(listed) == {name: str(value) if name == "dashboard_port" else f"{value:,}" for name, value in expected.items()}


def test_ingest_states_the_limits_as_they_are() -> None:
    text, settings = read("docs/ingest.md"), Settings()
    for limit in (
        f"| a file | {settings.max_file_bytes // MIB} MiB |",
        f"{settings.parsing.pages:,} pages, {settings.parsing.characters:,} characters",
        f"unpacked {settings.parsing.expanded_bytes // MIB:,} MiB and {settings.parsing.expansion_ratio} times its size",
        f"{settings.parsing.memory_bytes // MIB // 1024} GiB of memory,\n{settings.parsing.page_seconds} seconds for a page",
        f"| a request | {settings.max_files_per_upload:,} files |",
        f"| a collection | {settings.max_documents:,} documents |",
        f"| the queue | {settings.max_queued_documents:,} documents |",
        f"| the disk | less than {settings.min_free_bytes // MIB} MiB free |",
    ):
        assert limit in text, limit
