from ingest.context import Headings
from rag.records import Page
from rag.sentences import sentence_spans


def context(before: str, *pages: Page) -> str:
    """What a chunk sees that begins with `before`, on the last of the pages."""
    headings = Headings()
    for page in pages:
        headings.page(page, sentence_spans(page.text, "en"))
    return headings.context(pages[-1].text.index(before))


RULES = "Work rules for the office\nin Freiburg\n\nThese rules hold for all.\n\nNotice period\n\nThe notice period is three months.\n"


def test_a_chunk_sees_the_title_over_two_lines_and_the_heading_above_it() -> None:
    assert context("The notice", Page(1, RULES)) == "Work rules for the office in Freiburg. Notice period"


def test_a_chunk_that_begins_with_a_heading_does_not_see_the_one_before() -> None:
    assert context("Notice period", Page(1, RULES)) == "Work rules for the office in Freiburg"


def test_a_page_goes_on_under_the_last_heading_of_the_page_before() -> None:
    second = Page(2, "It may be shortened by agreement, which both sides sign.")
    assert context("It may", Page(1, RULES), second) == "Work rules for the office in Freiburg. Notice period"


def test_a_new_section_ends_the_heading_and_names_itself() -> None:
    second = Page(2, "Twelve days after one year.", label="Leave")
    assert context("Twelve", Page(1, RULES), second) == "Work rules for the office in Freiburg. Leave"


def test_prose_rows_and_list_items_are_no_headings() -> None:
    text = "It begins here. Then it goes on.\n\n- one\n- two\n\nName: Widget; Price: 3\n\nThe end of it is here."
    assert context("The end", Page(1, text)) == ""


def test_the_first_page_without_a_heading_takes_its_label_for_the_title() -> None:
    page = Page(1, "All prices are in euros.", label="Prices 2026")
    assert context("All", page) == "Prices 2026"
