"""The doors to the deployments of this folder: a handle of Ray Serve takes and returns anything, these only what the deployment does."""

from collections.abc import Sequence
from typing import Any

from ray.serve.handle import DeploymentHandle

from rag.extractive import Extraction
from rag.records import Citation
from serving.retrieval.messages import Embedded, Found, Query, ToCite, ToExtract, ToScore


class RetrievalClient:
    """Calls Retrieval; a test compares the methods of both."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def search(self, query: Query) -> Found:
        """See Retrieval."""
        found: Found = await self._handle.search.remote(query)
        return found

    async def extract(self, request: ToExtract) -> Extraction:
        """See Retrieval."""
        extraction: Extraction = await self._handle.extract.remote(request)
        return extraction

    async def cite(self, request: ToCite) -> list[Citation]:
        """See Retrieval."""
        citations: list[Citation] = await self._handle.cite.remote(request)
        return citations

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """See Retrieval."""
        embedded: Embedded = await self._handle.embed.remote(texts)
        return embedded

    async def version(self) -> int:
        """See Retrieval."""
        version: int = await self._handle.version.remote()
        return version

    async def unsearchable(self) -> list[str]:
        """See Retrieval."""
        sentences: list[str] = await self._handle.unsearchable.remote()
        return sentences


class RerankerClient:
    """Calls RerankerDeployment."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def score(self, request: ToScore) -> list[float]:
        """See RerankerDeployment."""
        scores: list[float] = await self._handle.score.remote(request)
        return scores
