"""One frozen table of settings: the only place where a default or a limit is decided. A bad value stops the start with a sentence."""

from dataclasses import dataclass, fields
from pathlib import Path

from rag.errors import InvalidInput

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds on one document; each holds for the whole document except `part_bytes`.

    pages: pages, slides or sections after parsing. characters: extracted text. expanded_bytes: a ZIP container (DOCX, PPTX, XLSX, EPUB)
    unpacked. expansion_ratio: unpacked size over file size. part_bytes: one HTML, Markdown or XML part, which is read into memory whole.
    pixels: of one picture. memory_bytes: address space of the process that parses. page_seconds and seconds: time for one page and for
    all of them.
    """

    pages: int = 5_000
    characters: int = 50_000_000
    expanded_bytes: int = 1 << 30
    expansion_ratio: int = 200
    part_bytes: int = 32 << 20
    pixels: int = 100_000_000
    memory_bytes: int = 2 << 30
    page_seconds: int = 60
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an instance can be told. Sizes are in bytes, times in seconds, lengths in characters."""

    data: Path = Path("data")  # catalog, files, logs and the state of the run
    catalog: str | None = None  # postgresql://...; None is SQLite in `data`
    files: str | None = None  # folder of the original files, or a bucket (s3://...); None is a folder in `data`
    ray: str | None = None  # address of a Ray cluster that runs already, or `auto`; None starts Ray on this machine
    host: str = "127.0.0.1"  # loopback only unless told otherwise
    port: int = 8000
    dashboard_port: int = 8265  # Ray takes the next free one when it is in use
    embedder: str | None = None  # 'static', or a sentence-transformers name or path; None is `rag.default_embedder`
    reranker: str | None = None  # cross-encoder by name or path; None is no further step
    llm: str | None = None  # a profile, a Llama checkpoint or openai:URL; None answers by quoting
    tokenizer: str | None = None  # of the model behind openai:URL, by name or path; None asks that server
    window: int | None = None  # tokens of that model, when its server does not say
    adapters: str | None = None  # folder or bucket of LoRA adapters that requests may choose; None offers none
    guard: str | None = None  # Llama Guard: a profile or a checkpoint, reads each question and answer; None lets all pass
    prompt_guard: str | None = None  # Prompt Guard by name or path, reads each question and passage; None lets all pass
    answer_tokens: int = 1024  # that a language model may write when a request does not say
    prompt_passage_tokens: int = 6000  # of passages in a prompt; answers get worse long before a large window is full
    replicas: int = 1  # of the retrieval deployment; each holds the whole index
    ingest_workers: int = 2  # documents parsed and embedded at the same time
    parsing: ParseLimits = ParseLimits()  # what one document may ask of the machine
    max_file_bytes: int = 200 * MIB
    max_files_per_upload: int = 1000
    max_queued_documents: int = 10_000  # that wait or are worked on; beyond it uploads are answered 429
    max_documents: int = 100_000  # in a collection; each retrieval replica holds all in memory
    max_name_characters: int = 255  # what file systems and tables can show
    max_question_characters: int = 8000
    max_messages: int = 1000
    max_passages: int = 50  # the largest k
    requests_per_minute: int = 600  # of one key; more are answered 429. Admins are not limited
    audit_days: int = 365  # that entries of the audit log are kept
    audit_text: bool = False  # whether the audit log holds questions too, not only who asked and which documents were cited
    min_free_bytes: int = 512 * MIB  # uploads are refused below this much free disk
    version_wait_seconds: float = 30.0  # how long `min_version` waits before it answers 503
    follow_seconds: float = 0.2  # how often a replica asks the catalog for changes
    max_body_bytes: int = 8 * MIB  # of a request that is no upload; a conversation that fills a 128k-token window is about 1 MB
    max_upload_bytes: int = 8192 * MIB  # of one request with files, all parts of the form together
    reading_threads: int = 8  # of the gateway, for reads of the catalog, which wait for no writer
    receiving_threads: int = 8  # of the gateway, for uploads and other writes, which wait for their turn in the catalog
    model_threads: int = 4  # of the gateway for tokens and prompts; of a replica for what is done with texts beside searching

    def __post_init__(self) -> None:
        """Refuse values that cannot work. Raises InvalidInput with the setting's name, what was found and what was expected."""
        for table in (self, self.parsing):
            for setting in fields(table):
                value = getattr(table, setting.name)
                if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
                    raise InvalidInput(f"The setting {setting.name} is {value}; it must be greater than 0.")
        for name in ("port", "dashboard_port"):
            if getattr(self, name) > 65535:
                raise InvalidInput(f"The setting {name} is {getattr(self, name)}; a TCP port is at most 65535.")
        if self.ray and not ((self.catalog or "").startswith("postgres") and self.files):
            raise InvalidInput(
                "On a Ray cluster every node needs the same catalog and the same files: give a PostgreSQL database with --catalog and with "
                "--files a bucket (s3://...) or a folder that all nodes share."
            )
        if not self.host:
            raise InvalidInput("The setting host is empty; name an address to listen on, such as 127.0.0.1.")

    @property
    def catalog_url(self) -> str:
        """The catalog's SQLAlchemy URL."""
        return self.catalog or f"sqlite:///{self.data.absolute() / 'catalog.sqlite'}"

    @property
    def run(self) -> Path:
        """What exists only while the service runs: its state, this run's key, Ray's token."""
        return self.data / "run"

    @property
    def loopback_only(self) -> bool:
        """Whether nobody outside this machine may be answered."""
        return self.host in ("127.0.0.1", "localhost", "::1")
