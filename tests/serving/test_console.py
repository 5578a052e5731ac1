"""Untrusted text cannot steer a terminal or break a table."""

from io import StringIO

from rich.console import Console

from serving.command.console import harmless, one_line, show_table


def test_escape_sequences_and_reordering_are_taken_out() -> None:
    assert harmless("\x1b]0;title\x07a\u202eb\nc\x9b31m") == "]0;titleab\nc31m"


def test_joiners_and_vowel_signs_stay() -> None:
    assert harmless("क्\u200dष पासवर्ड น้ำ") == "क्\u200dष पासवर्ड น้ำ"


def test_white_space_becomes_one_space() -> None:
    assert one_line(" a\t\r\n b ") == "a b"


def test_other_programs_get_tab_separated_lines() -> None:
    written = StringIO()
    show_table("T", ("name", "pages"), [("a\tb", 2), ("[bold]c", None)], console=Console(file=written))
    assert written.getvalue() == "name\tpages\na b\t2\n[bold]c\t\n"


def test_markup_in_a_name_is_shown_not_obeyed() -> None:
    written = StringIO()
    show_table("T", ("name",), [("[red]x[/]",)], console=Console(file=written, force_terminal=True, width=40, color_system=None))
    assert "[red]x[/]" in written.getvalue()
