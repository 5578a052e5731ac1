"""What a client class offers is what its deployment takes and returns."""

import inspect

import pytest

from serving.models.prompt_guard import PromptGuardClient, PromptGuardDeployment
from serving.retrieval.clients import RerankerClient, RetrievalClient
from serving.retrieval.deployment import Retrieval
from serving.retrieval.reranker import RerankerDeployment


@pytest.mark.parametrize(
    ("client", "deployment"),
    [(RetrievalClient, Retrieval), (RerankerClient, RerankerDeployment), (PromptGuardClient, PromptGuardDeployment)],
)
def test_a_client_has_the_signatures_of_its_deployment(client: type, deployment: type) -> None:
    calls = {name: inspect.signature(call) for name, call in vars(client).items() if inspect.iscoroutinefunction(call)}
    assert calls
    assert calls == {name: inspect.signature(getattr(deployment, name)) for name in calls}
