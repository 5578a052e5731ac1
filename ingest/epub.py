"""EPUB: the chapters of the spine in reading order, read from the ZIP container by their own markup."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ingest.archive import open_archive, read_part
from ingest.markup import html_sections
from ingest.sections import Section
from rag.errors import Unreadable
from rag.settings import ParseLimits

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"


def parse_epub(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the sections of each chapter. Raises Unreadable when the book has copy protection, or lacks a part that it names."""
    with open_archive(path, limits) as archive:
        names = set(archive.namelist())
        protected = _protected(archive) if ENCRYPTION in names else set()
        for chapter in _chapters(archive):
            if chapter in protected:
                raise Unreadable("The EPUB is encrypted by copy protection (DRM); upload a copy without it.")
            if chapter not in names:
                raise Unreadable(f"The EPUB lists the chapter {chapter!r} but does not hold it; the file is damaged, download it again.")
            yield from html_sections(read_part(archive, chapter).decode("utf-8-sig", errors="replace"))


def _chapters(archive: zipfile.ZipFile) -> list[str]:
    package = _read_xml(archive, CONTAINER).find(".//{*}rootfile")
    if package is None:
        raise Unreadable("The EPUB names no package file in META-INF/container.xml; the file is damaged, download it again.")
    folder = posixpath.dirname(package.get("full-path", ""))
    book = _read_xml(archive, package.get("full-path", ""))
    files = {item.get("id"): item for item in book.iterfind(".//{*}manifest/{*}item")}
    spine = [files[reference.get("idref")] for reference in book.iterfind(".//{*}spine/{*}itemref") if reference.get("idref") in files]
    readable = [item for item in spine if "html" in item.get("media-type", "")]
    return [posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))) for item in readable]


def _protected(archive: zipfile.ZipFile) -> set[str]:
    return {unquote(reference.get("URI", "")) for reference in _read_xml(archive, ENCRYPTION).iterfind(".//{*}CipherReference")}


def _read_xml(archive: zipfile.ZipFile, name: str) -> etree._Element:
    """Parse one part with entities, DTD and network off: a document type that expands entities leaves them unexpanded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(read_part(archive, name), parser)
    except (KeyError, etree.XMLSyntaxError) as error:
        raise Unreadable(f"The EPUB's part {name!r} is missing or damaged; download the book again.") from error
