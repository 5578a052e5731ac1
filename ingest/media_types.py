"""The media types of documents. Light to import: the gateway needs them, and no parser."""

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
RTF = "application/rtf"
EML = "message/rfc822"
MSG = "application/vnd.ms-outlook"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSON_LINES = "application/jsonl"
XML = "application/xml"
TEXT = "text/plain"
IMAGES = ("image/png", "image/jpeg", "image/tiff", "image/webp")

# Containers of which the first bytes do not show what they hold. A document keeps such a type; only its parser's process looks inside.
ZIP = "application/zip"
OLE = "application/x-ole-storage"

ZIP_TYPES = frozenset({ZIP, DOCX, PPTX, XLSX, EPUB, ODT, ODS, ODP})
OLE_TYPES = frozenset({OLE, MSG})
TEXT_TYPES = frozenset({EML, HTML, MARKDOWN, CSV, TSV, JSON, JSON_LINES, XML, TEXT})

ACCEPTED = (
    "PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, RTF, EPUB, HTML, Markdown, CSV, TSV, JSON, JSON lines, XML, mails (EML, MBOX, MSG), pictures "
    "and plain text"
)
