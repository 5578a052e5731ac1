"""One frozen table of settings: the only place that decides a default or a limit. A bad value stops the start with a sentence."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rag.errors import InvalidInput

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds on one document; each holds for the whole document except `part_bytes`.

    pages: pages, slides or sections after parsing. characters: extracted text. expanded_bytes: a ZIP container (DOCX, PPTX, XLSX, EPUB)
    unpacked. expansion_ratio: unpacked size over file size. part_bytes: one HTML, Markdown or XML part, which is read into memory whole.
    pixels: of one picture. nesting: files in files that are opened, as a mail in a mail. embedded: files in one file that are read.
    memory_bytes: address space of the process that parses. page_seconds and seconds: time for one page and for all of them.
    """

    pages: int = 5_000
    characters: int = 50_000_000
    expanded_bytes: int = 1 << 30
    expansion_ratio: int = 200
    part_bytes: int = 32 << 20
    pixels: int = 100_000_000
    nesting: int = 3
    embedded: int = 100
    memory_bytes: int = 2 << 30
    page_seconds: int = 60
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is offered to users: `help` gives its meaning and unit; `shown` is displayed when the default is None."""

    help: str
    shown: str | None = None
    least: int | None = None
    most: int | None = None


def offered(default: Any, help: str, *, shown: str | None = None, least: int | None = None, most: int | None = None) -> Any:
    """A field that is also an option of the command line, an environment variable and a row of docs/configuration.md."""
    return field(default=default, metadata={"option": Option(help, shown, least, most)})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one instance. Sizes are in bytes, times in seconds, lengths in characters."""

    data: Path = offered(Path("data"), "Folder of the service: catalog, documents, logs.")
    catalog: str | None = offered(None, "PostgreSQL database of the catalog (postgresql://...); required on a cluster.", shown="SQLite")
    files: str | None = offered(None, "Folder or bucket (s3://...) of the original files; required on a cluster.", shown="in --data")
    ray: str | None = offered(None, "Address of a running Ray cluster, or `auto`.", shown="start Ray here")
    host: str = offered("127.0.0.1", "Address to listen on; 0.0.0.0 accepts connections from other machines.")
    port: int = offered(8000, "Port of the page and the API.", least=1, most=65535)
    dashboard_port: int = 8265  # Ray takes the next free port when it is in use
    embedder: str | None = offered(  # None is `rag.default_embedder`
        None,
        "Embedding model. The bundled encoder finds meaning across languages; `static` finds words and embeds about 80 times as fast. Or "
        "any sentence-transformers model, by name or path.",
        shown="the bundled encoder",
    )
    reranker: str | None = offered(None, "Cross-encoder that rescores the best 32 passages, by name or path.", shown="none")
    llm: str | None = offered(
        None,
        "Language model that writes the answers: a profile (llama-3.1-8b), a Llama checkpoint by name or path, a YAML file, or openai:URL.",
        shown="none, answers are quotes",
    )
    tokenizer: str | None = offered(None, "Tokenizer of the model at openai:URL, by name or path.", shown="ask the server")
    window: int | None = offered(None, "Context window of the model at openai:URL, in tokens.", shown="ask the server", least=1)
    adapters: str | None = offered(None, "Folder or bucket (s3://...) of LoRA adapters.", shown="none")
    guard: str | None = offered(None, "Llama Guard model that judges questions and answers (llama-guard-3-8b).", shown="none")
    prompt_guard: str | None = offered(None, "Prompt Guard model that checks questions and passages, by name or path.", shown="none")
    answer_tokens: int = 1024  # tokens that a language model may write when a request does not say
    prompt_passage_tokens: int = 6000  # tokens of passages in a prompt; answers get worse long before a large window is full
    replicas: int = offered(1, "Number of replicas of the search index; each holds the whole index.", least=1)
    ingest_workers: int = offered(2, "Number of documents ingested at the same time; each takes a CPU core.", least=1)
    parsing: ParseLimits = ParseLimits()  # resources that one document may use
    max_file_bytes: int = 200 * MIB
    max_files_per_upload: int = 1000
    max_queued_documents: int = offered(
        10_000, "Maximum number of documents that wait for ingest; further uploads are answered 429.", least=1
    )
    max_documents: int = offered(  # each replica holds all of them in memory
        100_000, "Maximum number of documents in a collection; further uploads are answered 413.", least=1
    )
    max_streams_per_key: int = 50  # event streams open at the same time; further ones are answered 429
    max_name_characters: int = 255  # file systems and tables can show this much
    max_question_characters: int = 8000
    max_messages: int = 1000
    max_passages: int = 50  # the largest k
    requests_per_minute: int = offered(600, "Requests of one key in a minute; admins are not limited.", least=1)  # beyond it: 429
    audit_days: int = offered(365, "Days that entries of the audit log are kept.", least=1)
    audit_text: bool = offered(False, "Whether the audit log holds questions too.")  # beside who asked and what was cited
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
        """Folder of files that exist only while the service runs: its state, this run's key, Ray's token."""
        return self.data / "run"

    @property
    def loopback_only(self) -> bool:
        """Whether only clients on this machine are answered."""
        return self.host in ("127.0.0.1", "localhost", "::1")


OPTIONS: dict[str, Option] = {each.name: each.metadata["option"] for each in fields(Settings) if "option" in each.metadata}
