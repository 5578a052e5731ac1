"""The shapes of the OpenAI API as OpenAPI shows them; open to more fields, as what a language model adds of its own is passed on."""

from typing import Annotated, Any, Literal, NotRequired, cast

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic does not take `typing`'s before Python 3.12

from rag.chat import Message
from serving.api.schemas import CITATION, DOCUMENT

GLOSSA = "glossa"
EMBEDDER = "glossa-embedder"
MOST_TEXTS = 2048  # in one request for embeddings, as OpenAI has it
CITED = {"start_index": 22, "end_index": 25, "url": f"/v1/documents/{DOCUMENT['id']}/text?page=2", "title": "vacaciones.pdf"}
MESSAGE = {
    "role": "assistant",
    "content": "There are twenty-three [1].",
    "annotations": [{"type": "url_citation", "url_citation": CITED}],
}
HEAD = {"id": "chatcmpl-bd69369f49344417a9c249cf8c787696", "created": 1795000000, "model": GLOSSA}
EXTENSION = {"citations": [CITATION], "language": "en", "generator": "llama-3.1-8b", "notes": []}
COMPLETION = {
    **HEAD,
    "object": "chat.completion",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 2140, "completion_tokens": 9, "total_tokens": 2149},
    "glossa": EXTENSION,
}
CHUNK = {**HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "There"}, "finish_reason": None}]}
MODELS = {"object": "list", "data": [{"id": GLOSSA, "object": "model", "created": 0, "owned_by": "glossa"}]}


def open_to_more(example: dict[str, Any]) -> ConfigDict:
    """A model's configuration: fields that are not named are kept."""
    return ConfigDict(extra="allow", json_schema_extra={"example": example})


@with_config(extra="allow")
class FunctionCall(TypedDict):
    """What a model called: the arguments are JSON text."""

    name: str
    arguments: NotRequired[str | None]


@with_config(extra="allow")
class ToolCall(TypedDict):
    """A call in a message of the model."""

    function: FunctionCall


@with_config(extra="allow")
class ChatMessage(TypedDict):
    """One message of a conversation; its other fields go to the language model as they are."""

    role: Annotated[str, Field(min_length=1, max_length=64)]
    content: NotRequired[str | list[Any] | None]
    tool_calls: NotRequired[list[ToolCall] | None]


@with_config(extra="allow")
class Function(TypedDict):
    """A function that the model may call."""

    name: str


@with_config(extra="allow")
class OfferedTool(TypedDict):
    """A tool that the model may call."""

    function: Function


class ChatCompletionRequest(BaseModel):
    """An OpenAI chat completion request; fields that are not named here go to the language model as they are."""

    model_config = open_to_more({"model": GLOSSA, "messages": [{"role": "user", "content": "How many days of leave are there?"}]})
    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[OfferedTool] | None = None
    n: int = Field(default=1, ge=1, le=16)

    @property
    def conversation(self) -> list[Message]:
        """The messages."""
        return cast(list[Message], self.messages)

    @property
    def answer_tokens(self) -> int | None:
        """What of the window the answer may take, as the newer or the older field says."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens


class ChatCompletion(BaseModel):
    """A chat completion. `glossa` (of the model of that name) has the citations with their quotes."""

    model_config = open_to_more(COMPLETION)
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any] | None = None
    glossa: dict[str, Any] | None = None


class EmbeddingRequest(BaseModel):
    """Texts to embed."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"example": {"model": EMBEDDER, "input": ["Leave is 30 days."]}})
    model: str
    input: str | Annotated[list[str], Field(min_length=1, max_length=MOST_TEXTS)]
    encoding_format: Literal["float", "base64"] = "float"


class EmbeddingList(BaseModel):
    """Vectors of unit length, in the order of the texts: numbers, or base64 of little-endian f32."""

    model_config = open_to_more(
        {
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.12, -0.05]}],
            "model": EMBEDDER,
            "usage": {"prompt_tokens": 6, "total_tokens": 6},
        }
    )
    object: Literal["list"]
    data: list[dict[str, Any]]
    model: str
    usage: dict[str, int]


class ModelList(BaseModel):
    """The models that a request may name."""

    model_config = open_to_more(MODELS)
    object: Literal["list"]
    data: list[dict[str, Any]]
