"""The reranker's deployment: a cross-encoder, on a GPU where there is one."""

from rag.errors import InvalidInput
from rag.settings import Settings
from serving.pools import Pool
from serving.retrieval.messages import ToScore


class RerankerDeployment:
    """A replica: holds the model that `settings.reranker` names."""

    def __init__(self, settings: Settings) -> None:
        """Load it. Raises InvalidInput when it does not load."""
        from rag.reranker import load_reranker

        if settings.reranker is None:
            raise InvalidInput("No reranker is named; start with --reranker NAME.")
        self.reranker = load_reranker(settings.reranker)
        self.model = Pool("model", settings.model_threads)

    async def score(self, request: ToScore) -> list[float]:
        """How well each text answers, 0 to 1."""
        scores = await self.model(self.reranker.score, request.question, request.texts)
        return [float(score) for score in scores]
