"""The parts of an Office Open XML file (ECMA-376, part 2) and what they relate to; Strict files read as Transitional ones.

Strict (ISO/IEC 29500) differs in its namespaces: they are mapped as the bytes of a part are read, so that no reader need know both.
"""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote

from lxml import etree

from ingest.archive import read_part
from rag.errors import Unreadable

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_ON = {"1", "true", "on"}


@dataclass(frozen=True, slots=True)
class Relationship:
    """One line of a part's relationships: `kind` is the last word of its type; `target` a part's name, or an address outside the file."""

    kind: str
    target: str
    external: bool


class Package:
    """The parts of one open archive. What a part relates to is kept: slides share their charts' and layouts' names."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self._relations: dict[str, dict[str, Relationship]] = {}

    def main(self) -> str:
        """Return the name of the document itself. Raises Unreadable when the file does not name it, or does not hold it."""
        found = next((each.target for each in self.related("").values() if each.kind == "officeDocument" and not each.external), "")
        if not self.holds(found):
            raise Unreadable("The Office file does not hold its document: it is corrupt or cut short; save it anew and upload it again.")
        return found

    def holds(self, name: str) -> bool:
        return name.lower() in self._names

    def read(self, name: str) -> bytes:
        """Return a part, unpacked. Raises KeyError when there is none of that name, Unreadable when it is damaged."""
        return read_part(self._archive, self._names[name.lower()])

    def open(self, name: str) -> IO[bytes]:
        """Return a part to be read piece by piece, in the namespaces that it has. Raises KeyError."""
        return self._archive.open(self._names[name.lower()])

    def xml(self, name: str) -> etree._Element:
        """Return the root of a part; entities, DTD and network are off. Raises KeyError, Unreadable, etree.XMLSyntaxError."""
        return parse_xml(self.read(name))

    def related(self, part: str) -> dict[str, Relationship]:
        """Return by id what `part` relates to; of "" the whole file."""
        if part not in self._relations:
            folder, file = posixpath.split(part)
            name = posixpath.join(folder, "_rels", f"{file}.rels")
            self._relations[part] = dict(_relationships(self.xml(name), folder)) if self.holds(name) else {}
        return self._relations[part]

    def of_kind(self, part: str, kind: str) -> list[str]:
        """Return the names of the parts that `part` relates to in that way and that the file holds."""
        return [each.target for each in self.related(part).values() if each.kind == kind and not each.external and self.holds(each.target)]


def parse_xml(data: bytes) -> etree._Element:
    """Return the root of an XML part; entities stay unexpanded. Raises etree.XMLSyntaxError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(transitional(data), parser)


def transitional(data: bytes) -> bytes:
    """Return the markup with the namespaces of Strict Office Open XML replaced by the Transitional ones."""
    return _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", data) if b"purl.oclc.org" in data else data


def is_on(element: etree._Element | None, attribute: str = f"{W}val") -> bool:
    """Say whether a switch is there and not switched off."""
    return element is not None and element.get(attribute, "1").lower() in _ON


def _relationships(root: etree._Element, folder: str) -> list[tuple[str, Relationship]]:
    found = []
    for line in root.iterchildren("{*}Relationship"):
        external = line.get("TargetMode") == "External"
        target = line.get("Target", "")
        if not external:
            path = unquote(target)
            target = path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(folder, path))
        found.append((line.get("Id", ""), Relationship(line.get("Type", "").rpartition("/")[2], target, external)))
    return found
