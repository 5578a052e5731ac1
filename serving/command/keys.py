"""The commands of admins: `glossa keys` and `glossa audit`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from rag.errors import InvalidInput
from rag.records import Action, Role
from serving.command.console import fail, out, show_table
from serving.command.options import DEFAULTS, Data

keys = typer.Typer(
    no_args_is_help=True,
    help="Make, list, rotate and revoke keys.\n\nExample:  glossa keys create intranet --collections handbook,travel --expires 90d",
)
audit = typer.Typer(
    no_args_is_help=True,
    help="Read and check the log of who asked, uploaded, deleted and made keys.\n\nExample:  glossa audit verify",
)
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name, as `glossa keys list` shows it.")]


def expiry(text: str | None) -> datetime | None:
    """The time that is `text` (as 90d, 12h or 8w) from now. Raises InvalidInput."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([hdw])", text)
    if found is None:
        raise InvalidInput(f"--expires {text} is no time; write a number and h, d or w, such as 90d.")
    return datetime.now(UTC) + timedelta(**{UNITS[found[2]]: int(found[1])})


def day(at: datetime | None, never: str) -> str:
    """A time as people read it, or `never`."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else never


@keys.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What lists and the audit log call it.")],
    *,
    role: Annotated[Role, typer.Option(help="A reader asks, a writer also uploads and deletes, an admin also makes keys.")] = Role.READER,
    collections: Annotated[str | None, typer.Option(help="Those it may see, with commas between them.", show_default="all")] = None,
    expires: Annotated[str | None, typer.Option(help="Hours, days or weeks until it ends: 12h, 90d, 8w.", show_default="never")] = None,
    data: Data = DEFAULTS.data,
) -> None:
    """Make a key and print it, this once: only its hash is stored.

    Example:  glossa keys create intranet --role reader --collections handbook,travel --expires 90d
    """
    from serving.client import connect
    from serving.client.keys import create_key

    until = expiry(expires)
    named = None if collections is None else [part.strip() for part in collections.split(",") if part.strip()]
    with connect(data) as service:
        made = create_key(service, name, role=role, collections=named, expires_at=until)
    out.print(made.key, soft_wrap=True)


@keys.command("list")
def list_(data: Data = DEFAULTS.data) -> None:
    """List the keys, with when each was last used.

    Example:  glossa keys list
    """
    from serving.client import connect
    from serving.client.keys import list_keys

    with connect(data) as service:
        found = list_keys(service)
    rows = [
        (key.name, key.role, "all" if key.collections is None else ", ".join(key.collections), day(key.expires_at, "never"),
         day(key.last_used_at, "never"))
        for key in found
    ]  # fmt: skip
    show_table("Keys", ("name", "role", "collections", "expires", "last used"), rows)


@keys.command()
def rotate(name: Name, data: Data = DEFAULTS.data) -> None:
    """Give a key a new secret and print it, this once. The old one is refused from then on.

    Example:  glossa keys rotate intranet
    """
    from serving.client import connect
    from serving.client.keys import find_key, rotate_key

    with connect(data) as service:
        out.print(rotate_key(service, find_key(service, name).id).key, soft_wrap=True)


@keys.command()
def revoke(name: Name, data: Data = DEFAULTS.data) -> None:
    """End a key: it is refused from then on.

    Example:  glossa keys revoke intranet
    """
    from serving.client import connect
    from serving.client.keys import find_key, revoke_key

    with connect(data) as service:
        revoke_key(service, find_key(service, name).id)
    out.print(f"The key {name} is revoked.", soft_wrap=True)


@audit.command("list")
def list_audit(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Entries to show, the newest.")] = 50,
    action: Annotated[Action | None, typer.Option(help="Only this action.", show_default="all")] = None,
    key: Annotated[str | None, typer.Option(help="Only what was done with the key of this name.", show_default="all")] = None,
    data: Data = DEFAULTS.data,
) -> None:
    """List who did what, newest first, and the ids of the documents that were cited.

    Example:  glossa audit list --action ask --key intranet
    """
    from serving.client import connect
    from serving.client.keys import read_audit

    with connect(data) as service:
        found = list(read_audit(service, most=limit, action=action, key_name=key))
    rows = [(e.number, e.at.isoformat(timespec="seconds"), e.key_name, e.action, e.subject, " ".join(e.documents), e.text) for e in found]
    show_table("Audit log", ("number", "at", "key", "action", "subject", "documents", "text"), rows)


@audit.command()
def verify(data: Data = DEFAULTS.data) -> None:
    """Check that no entry was changed, removed or added; exit code 1 when one was.

    Keep the printed number and hash elsewhere: they prove later that nothing up to there was rewritten.

    Example:  glossa audit verify
    """
    from serving.client import connect
    from serving.client.keys import verify_audit

    with connect(data) as service:
        found = verify_audit(service)
    if found.fault:
        fail(f"{found.fault} Compare with a backup of the catalog.")
    out.print(f"The audit log is whole: {found.entries} entries, the last is {found.last} with the hash {found.head}.", soft_wrap=True)
