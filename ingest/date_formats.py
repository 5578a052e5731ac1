"""Serial numbers of a spreadsheet as dates, times and durations, by the letters of a format code."""

import datetime
import re
from collections.abc import Sequence

from ingest.regional import Region

EPOCHS = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}  # by `date1904`
PHANTOM = 60  # 29 February 1900, which was no day: serial numbers before it are one day further from the epoch
DAY = 86_400
BUDDHIST = 543  # years of the Thai calendar before the common one

_FRACTION = re.compile(r"\.0+")
_LETTERS = re.compile(r"(y+|m+|d+|h+|s+|b+|e+|AM/PM|A/P)$", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]$", re.IGNORECASE)


def moment(serial: float, *, from_1904: bool, places: int = 0) -> datetime.datetime | None:
    """Return the date and time of a serial number, rounded to `places` of a second; None outside the years 1 to 9999."""
    shifted = serial + 1 if not from_1904 and 0 <= serial < PHANTOM else serial
    try:
        return EPOCHS[from_1904] + datetime.timedelta(seconds=round(shifted * DAY, places))
    except (OverflowError, ValueError):
        return None


def date_shown(serial: float, pieces: Sequence[str], region: Region, *, from_1904: bool) -> str | None:
    """Return a serial number as the pieces of a format code write it; None when it is no date or duration."""
    places = max((len(piece) - 1 for piece in pieces if _FRACTION.fullmatch(piece)), default=0)
    found = moment(serial, from_1904=from_1904, places=places)
    if found is None or (serial < 0 and not any(_ELAPSED.match(piece) for piece in pieces)):
        return None
    half_day = any(piece.upper() in ("AM/PM", "A/P") for piece in pieces)
    shown = []
    for index, piece in enumerate(pieces):
        if elapsed := _ELAPSED.match(piece):
            shown.append(_elapsed(serial, elapsed[1].lower(), places))
        elif _LETTERS.match(piece):
            letters = piece.lower()
            minutes = letters in ("m", "mm") and _is_minutes(pieces, index)
            shown.append(_field(found, "minute" if minutes else letters, len(letters), region, half_day=half_day))
        elif _FRACTION.fullmatch(piece):
            shown.append(region.decimal + f"{found.microsecond:06d}"[: len(piece) - 1])
        else:
            shown.append(region.date_separator if piece == "/" else piece)
    return "".join(shown)


def _is_minutes(pieces: Sequence[str], index: int) -> bool:
    """Say whether an `m` is of minutes: the letters before it are hours, or those after it seconds."""
    before = next((piece.lower() for piece in reversed(pieces[:index]) if _is_letters(piece)), "")
    after = next((piece.lower() for piece in pieces[index + 1 :] if _is_letters(piece)), "")
    return before.strip("[")[:1] == "h" or after.strip("[")[:1] == "s"


def _is_letters(piece: str) -> bool:
    return bool(_LETTERS.match(piece) or _ELAPSED.match(piece)) and piece.upper() not in ("AM/PM", "A/P")


def _elapsed(serial: float, letters: str, places: int) -> str:
    seconds = round(abs(serial) * DAY, places)
    unit = {"h": 3600, "m": 60, "s": 1}[letters[0]]
    return ("-" if serial < 0 else "") + str(int(seconds // unit)).zfill(len(letters))


def _field(when: datetime.datetime, letters: str, width: int, region: Region, *, half_day: bool) -> str:
    if letters in ("am/pm", "a/p"):
        mark = "AM" if when.hour < 12 else "PM"
        return mark if letters == "am/pm" else mark[0]
    if letters == "minute":
        return str(when.minute).zfill(width)
    kind = letters[0]
    if kind in "yeb":
        year = when.year + (BUDDHIST if kind == "b" else 0)
        return f"{year:04d}" if width > 2 or kind == "e" else f"{year % 100:02d}"
    if kind == "h":
        hour = (when.hour + 11) % 12 + 1 if half_day else when.hour
        return str(hour).zfill(min(width, 2))
    if kind == "s":
        return str(when.second).zfill(min(width, 2))
    return _named(when, kind, width, region)


def _named(when: datetime.datetime, kind: str, width: int, region: Region) -> str:
    number = when.month if kind == "m" else when.day
    if width < 3:
        return str(number).zfill(width)
    if kind == "m":
        name = region.months[number - 1]
        return region.short_months[number - 1] if width == 3 else name[:1] if width == 5 else name
    return region.short_days[when.weekday()] if width == 3 else region.days[when.weekday()]
