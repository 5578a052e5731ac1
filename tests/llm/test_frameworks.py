"""LangChain's and LlamaIndex's OpenAI classes against the OpenAI API."""

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike

from tests.service import Service
from tests.tiny_llama import SAYS, WINDOW

QUESTION = "Wie lang ist der Urlaub im Jahr?"


def test_langchain_asks_and_streams_and_embeds(llm: Service) -> None:
    chat = ChatOpenAI(model="glossa", base_url=f"{llm.url}/v1", api_key=llm.key, max_retries=0)  # type: ignore[arg-type]
    assert chat.invoke(QUESTION).content == SAYS
    assert "".join(str(chunk.content) for chunk in chat.stream(QUESTION)) == SAYS
    embeddings = OpenAIEmbeddings(
        model="glossa-embedder",
        base_url=f"{llm.url}/v1",
        api_key=llm.key,  # type: ignore[arg-type]
        check_embedding_ctx_length=False,  # else it sends the tokens of another model in place of text
    )
    assert [len(vector) for vector in embeddings.embed_documents(["Urlaub", "holiday"])] == [384, 384]


def test_llamaindex_asks_and_streams_and_embeds(llm: Service) -> None:
    chat = OpenAILike(model="glossa", api_base=f"{llm.url}/v1", api_key=llm.key, is_chat_model=True, context_window=WINDOW)
    message = ChatMessage(role="user", content=QUESTION)
    assert chat.chat([message]).message.content == SAYS
    assert "".join(chunk.delta or "" for chunk in chat.stream_chat([message])) == SAYS
    embedding = OpenAILikeEmbedding(model_name="glossa-embedder", api_base=f"{llm.url}/v1", api_key=llm.key)
    assert len(embedding.get_text_embedding("Urlaub")) == 384
