"""The whole journey in a real browser: upload, progress, ask, open a citation, delete. Pictures go to artifacts/."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import INGEST_SECONDS, Service, add

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.heavy, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).parents[2] / "artifacts"
GERMAN = "# Werkstatt\n\nDie Werkstatt öffnet um sieben Uhr morgens.\n\n# Parken\n\nDer Parkplatz hinter dem Haus ist kostenlos.\n"
THAI = "อาหารกลางวันในโรงอาหารราคายี่สิบบาท\n\nโรงงานปิดทุกวันอาทิตย์ 🙂 และวันหยุดราชการ\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, service: Service, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page, opened by its link; the test fails when the page logs an error, breaks its policy or opens an alert."""
    options = {"viewport": {"width": 1280, "height": 800}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("dialog", lambda dialog: (faults.append(f"alert: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda sent: faults.append(sent.url) if not sent.url.startswith((service.url, "blob:", "data:")) else None)
    tab.goto(f"{service.url}/#key={service.key}")
    yield tab
    context.close()
    assert faults == []


def picture(page: Any, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def upload(page: Any, collection: str, *files: tuple[str, bytes]) -> None:
    page.click("#show-documents")
    page.fill("#upload-collection", collection)
    page.set_input_files("#files", [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files])


def row(page: Any, name: str) -> Any:
    return page.locator("#list li", has=page.get_by_role("button", name=name, exact=True))


def ask(page: Any, question: str) -> Any:
    page.click("#show-ask")
    page.fill("#question", question)
    page.keyboard.press("Enter")
    turn = page.locator(".turn").first
    turn.locator("h2", has_text=question).wait_for()
    turn.locator(".answer[aria-busy=false]").wait_for()
    return turn


def delete(page: Any, name: str) -> None:
    page.click("#show-documents")
    row(page, name).get_by_role("button", name=f"Delete {name}").click()
    picture(page, "5-delete")
    page.click("#delete-confirm")
    row(page, name).wait_for(state="detached")


def test_the_whole_journey(page: Any, collection: str) -> None:
    assert "key=" not in page.url
    upload(page, collection, ("werkstatt.md", GERMAN.encode()), ("kantine.txt", THAI.encode()), ("leer.txt", b""))
    sync_api.expect(page.locator("#refused")).to_contain_text("leer.txt The file is empty")
    for name, language in (("werkstatt.md", "German"), ("kantine.txt", "Thai")):
        sync_api.expect(row(page, name)).to_contain_text("ready", timeout=60_000)
        sync_api.expect(row(page, name)).to_contain_text(language)
    picture(page, "1-documents")

    turn = ask(page, "Wann öffnet die Werkstatt?")
    sync_api.expect(turn).to_contain_text("Die Werkstatt öffnet um sieben Uhr morgens.")
    sync_api.expect(turn).to_contain_text("not written by a language model")
    picture(page, "2-answer")
    turn.locator(".mark").first.click()
    sync_api.expect(page.locator("#reader-name")).to_have_text("werkstatt.md")
    sync_api.expect(page.locator("#reader mark")).to_have_text("Die Werkstatt öffnet um sieben Uhr morgens.")
    sync_api.expect(page.locator("#reader mark")).to_be_in_viewport()
    picture(page, "3-citation")
    page.click("#reader-next")
    sync_api.expect(page.locator("#reader-place")).to_contain_text("Page 2 of 2")
    with page.expect_download() as download:
        page.click("#reader-download")
    assert Path(download.value.path()).read_bytes() == GERMAN.encode()
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("#reader")).to_be_hidden()

    delete(page, "werkstatt.md")
    delete(page, "kantine.txt")
    turn = ask(page, "Wann öffnet die Werkstatt?")
    assert "werkstatt.md" not in turn.inner_text()
    picture(page, "6-after-delete")


def test_a_document_that_ends_between_two_requests_of_one_look_is_seen(page: Any, service: Service, collection: str) -> None:
    """The page reads the list and the counts one after the other; each answer is held back here until the document has ended."""
    with service.client() as client:

        def ready() -> bool:
            rows = client.get("/v1/documents", params={"collection": collection}).json()["documents"]
            return bool(rows) and rows[0]["status"] == "ready"

        def hold(route: Any) -> None:
            answer = route.fetch()
            deadline = time.monotonic() + INGEST_SECONDS
            while not ready() and time.monotonic() < deadline:
                time.sleep(0.05)
            route.fulfill(response=answer)

        page.click("#show-documents")
        page.fill("#upload-collection", collection)
        page.wait_for_load_state("networkidle")
        page.route("**/v1/documents?*", hold)
        content = GERMAN.encode() * 2000
        page.set_input_files("#files", [{"name": "werkstatt.md", "mimeType": "text/markdown", "buffer": content}])
        sync_api.expect(row(page, "werkstatt.md")).to_contain_text("ready", timeout=60_000)


def test_of_two_looks_at_once_the_later_is_shown(page: Any, service: Service, collection: str) -> None:
    """The answer to the first look, from before the upload, comes after that to the second."""
    held: list[tuple[Any, Any]] = []
    page.click("#show-documents")
    page.wait_for_load_state("networkidle")
    page.route("**/v1/documents?*", lambda route: held.append((route, route.fetch())), times=1)
    page.click("#show-documents")
    while not held:
        page.wait_for_timeout(20)
    with service.client() as client:
        add(client, "later.md", GERMAN.encode(), collection)
    page.click("#show-documents")
    sync_api.expect(row(page, "later.md")).to_contain_text("ready")
    route, answer = held[0]
    route.fulfill(response=answer)
    page.wait_for_timeout(500)
    sync_api.expect(row(page, "later.md")).to_contain_text("ready")


def test_an_ingest_is_stopped_and_tried_again_with_a_click(page: Any, collection: str) -> None:
    upload(page, collection, ("lang.csv", b"Name;Ort\n" + b"Anna;Bonn\n" * 150_000))
    page.get_by_role("button", name="Stop reading lang.csv").click()
    sync_api.expect(row(page, "lang.csv")).to_contain_text("The ingest was cancelled")
    picture(page, "7-stopped")
    page.get_by_role("button", name="Try lang.csv again").click()
    sync_api.expect(row(page, "lang.csv")).to_contain_text(re.compile("reading|indexing"), timeout=20_000)
    picture(page, "8-again")
    page.get_by_role("button", name="Stop reading lang.csv").click()
    sync_api.expect(row(page, "lang.csv")).to_contain_text("The ingest was cancelled")
    delete(page, "lang.csv")


def test_a_thai_passage_with_an_emoji_before_it_is_marked_exactly(page: Any, service: Service, collection: str) -> None:
    with service.client() as client:
        add(client, "kantine.txt", THAI.encode(), collection)
    turn = ask(page, "โรงงานปิดวันไหน")
    passage = turn.locator(".passages .source").first
    turn.locator("summary").click()
    passage.click()
    marked = page.locator("#reader mark").inner_text()
    assert marked.strip() in THAI
    sync_api.expect(page.locator("#reader-text")).to_have_attribute("lang", "th")
    picture(page, "4-thai")


@pytest.mark.parametrize("page", [{"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}], indirect=True)
def test_a_phone_in_the_dark_shows_everything_without_scrolling_sideways(page: Any, service: Service, collection: str) -> None:
    with service.client() as client:
        add(client, "werkstatt.md", GERMAN.encode(), collection)
    turn = ask(page, "Wann öffnet die Werkstatt?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    picture(page, "7-phone-answer")
    turn.locator(".mark").first.click()
    sync_api.expect(page.locator("#reader mark").first).to_be_visible()
    picture(page, "8-phone-citation")
    page.click("#reader-close")
    page.click("#show-documents")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in background.removeprefix("rgb(").removesuffix(")").split(",")) < 150
    picture(page, "9-phone-documents")


def test_nothing_of_a_document_runs_or_styles_the_page(page: Any, collection: str) -> None:
    name = "<img src=x onerror=alert(1)>.txt"
    text = b"<script>alert(1)</script> The zebra <b onclick=alert(1)>crosses</b> the road. <style>body{display:none}</style>"
    upload(page, collection, (name, text))
    sync_api.expect(row(page, name)).to_contain_text("ready", timeout=60_000)
    turn = ask(page, "Where does the zebra cross the road?")
    turn.locator("summary").click()
    turn.locator(".passages .source").first.click()
    page.wait_for_timeout(300)
    assert page.locator("#reader-text script, #reader-text b, .turn script, #list img").count() == 0
    assert page.locator("body").is_visible()


def test_without_a_key_the_page_asks_for_one_and_says_when_it_is_wrong(browser: Any, service: Service) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(service.url)
    dialog = tab.locator("#key-dialog")
    sync_api.expect(dialog).to_be_visible()
    tab.fill("#key", "glossa_wrong")
    tab.keyboard.press("Enter")
    sync_api.expect(tab.locator("#key-reason")).to_contain_text("This key is unknown")
    tab.fill("#key", service.key)
    tab.keyboard.press("Enter")
    sync_api.expect(dialog).to_be_hidden()
    tab.click("#show-documents")
    sync_api.expect(tab.locator("#filter-collection")).to_be_visible()
    context.close()
