"""Where tables begin and end in the rows of a sheet, and what names their columns."""

import pytest

from ingest.table_layout import SPAN, table_lines


def lines(*rows: str) -> list[str]:
    """The lines of rows, whose cells stand between commas; > is a cell over which the one to its left goes on."""
    return list(table_lines([[SPAN if cell == ">" else cell for cell in row.split(",")] for row in rows]))


def test_a_title_right_above_the_header_is_no_header() -> None:
    assert lines("Report 2024,,", "Branch,Sales,Profit", "Kiel,120,14") == [
        "Report 2024",
        "Branch; Sales; Profit",
        "Branch: Kiel; Sales: 120; Profit: 14",
    ]


def test_short_rows_above_a_header_are_no_part_of_the_table() -> None:
    assert lines("Stand:,1.5.2025,", "Von:,Meier,", "Branch,Sales,Profit", "Kiel,120,14") == [
        "Stand: 1.5.2025",
        "Von: Meier",
        "Branch; Sales; Profit",
        "Branch: Kiel; Sales: 120; Profit: 14",
    ]


def test_a_title_over_all_columns_stands_once() -> None:
    assert lines("Report,>,>", "Branch,Sales,Profit", "Kiel,120,14")[0] == "Report"


def test_a_blank_row_inside_a_table_does_not_end_it() -> None:
    assert lines("Item,Price", "Bolt,1", "", "Nut,2") == ["Item; Price", "Item: Bolt; Price: 1", "Item: Nut; Price: 2"]
    assert lines("Name,City", "Ada,Bern", "", "Ben,Basel", "Cyd,Chur")[-1] == "Name: Cyd; City: Chur"


@pytest.mark.parametrize(
    ("second", "last"),
    [
        (["Year,Visitors", "2023,410"], "Year: 2023; Visitors: 410"),
        (["Branch,Manager", "Kiel,Nora"], "Branch: Kiel; Manager: Nora"),
        (["Staff,", "Branch,Manager", "Kiel,Nora"], "Branch: Kiel; Manager: Nora"),
        (["Staff", "", "Branch,Manager", "Kiel,Nora"], "Branch: Kiel; Manager: Nora"),
    ],
)
def test_a_table_below_another_has_its_own_header(second: list[str], last: str) -> None:
    found = lines("Item,Price", "Bolt,1", "", *second)
    assert found[:2] == ["Item; Price", "Item: Bolt; Price: 1"]
    assert found[-1] == last


def test_tables_beside_each_other_are_read_one_after_the_other() -> None:
    rows = ["Item,Price,,Branch,Manager", "Bolt,1,,Kiel,Nora", "Nut,2,,,"]
    assert lines(*rows) == [
        "Item; Price",
        "Item: Bolt; Price: 1",
        "Item: Nut; Price: 2",
        "",
        "Branch; Manager",
        "Branch: Kiel; Manager: Nora",
    ]


def test_long_tables_beside_each_other_keep_their_headers() -> None:
    found = lines("A,B,,C,D", *(f"a{n},b{n},,c{n},d{n}" for n in range(1000)))
    assert sum(line.startswith("A: a") for line in found) == sum(line.startswith("C: c") for line in found) == 1000


def test_a_blank_column_inside_one_table_does_not_part_it() -> None:
    assert lines("Name,,2023,2024", "Kiel,,1,2")[-1] == "Name: Kiel; 2023: 1; 2024: 2"
    assert lines("Name,City,,Jan,Feb", "Ada,Bern,,1,2", "Ben,Chur,,3,4")[-1] == "Name: Ben; City: Chur; Jan: 3; Feb: 4"


def test_years_may_name_columns() -> None:
    assert lines("Region,2023,2024", "North,410,530")[-1] == "Region: North; 2023: 410; 2024: 530"
    assert lines("Ada,1998", "Ben,2001") == ["Ada; 1998", "Ben; 2001"]


def test_a_header_in_two_rows_is_joined() -> None:
    assert lines(",2024,>,2025,>", "Region,Sales,Profit,Sales,Profit", "North,1,2,3,4")[-1] == (
        "Region: North; 2024 Sales: 1; 2024 Profit: 2; 2025 Sales: 3; 2025 Profit: 4"
    )


def test_a_form_has_no_header() -> None:
    assert lines("Customer:,Meier", "Date:,14.03.2025", "City:,Bern") == ["Customer: Meier", "Date: 14.03.2025", "City: Bern"]


def test_numbers_without_a_header_stay_alone() -> None:
    assert lines("1,2", "3,4") == ["1; 2", "3; 4"]
    assert lines("", "") == []
    assert lines("One column", "of text,with a comma", "and more") == ["One column", "of text; with a comma", "and more"]
