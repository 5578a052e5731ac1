"""Binds the deployments into one Serve application. No logic here."""

import asyncio
import math
import os
import re
import threading
import time
from collections.abc import Iterable
from typing import Any

import ray
from ray import serve
from ray.serve.config import HTTPOptions
from ray.serve.schema import ApplicationStatus

from ingest.dispatch import Dispatcher
from rag.errors import InvalidInput
from rag.settings import Settings
from serving.api.gateway import Gateway
from serving.models.profile import Profile, load
from serving.models.prompt_guard import PromptGuardDeployment
from serving.retrieval.clients import RetrievalClient
from serving.retrieval.deployment import Retrieval
from serving.retrieval.reranker import RerankerDeployment

LIGHT = {"num_cpus": 0}  # Ray's count of CPUs is for ingest tasks; questions are never queued behind them
# Resources that the nodes of a cluster declare (cluster.yaml), and what takes a place there; on one machine all of it is in one place.
ON_HEAD = {"num_cpus": 0, "resources": {"glossa_head": 0.001}}
ON_CPU_NODE = {"num_cpus": 1, "resources": {"glossa_cpu": 0.001}}
# Starts of a replica that may fail in a row. A controller that was started anew has seen none succeed, and with Ray Serve's own limit of
# three the part would be gone for good: after a database's restart, say. Its other limit, of each replica, is in the node's environment.
NEVER_GIVE_UP = 1_000_000
STATUS_POLL_SECONDS = 0.1


def question_answering(settings: Settings) -> tuple[serve.Application, float]:
    """The application behind the HTTP port: gateway -> retrieval -> reranker, if a reranker is named; and gateway -> vLLM workers.

    And the number of GPUs that it leaves over.
    Raises InvalidInput when the language model cannot be what `settings.llm` says.
    """
    models, spare = language_models(settings)
    head, node = (ON_HEAD, ON_CPU_NODE) if settings.ray else (LIGHT, LIGHT)
    ranking = {"num_cpus": 0, "num_gpus": 1} if spare >= 1 else node
    spare -= settings.reranker is not None
    parts = [deployment(RerankerDeployment, "Reranker", ranking, queued=512).bind(settings)] if settings.reranker else []
    retrieval = deployment(Retrieval, "Retrieval", node, replicas=settings.replicas, ongoing=64, queued=512).bind(settings, *parts)
    if settings.prompt_guard:
        models["prompt_guard"] = deployment(PromptGuardDeployment, "PromptGuard", node, ongoing=64, queued=512).bind(settings)
    return deployment(serve.ingress()(Gateway), "Gateway", head, ongoing=1000, queued=1000).bind(settings, retrieval, **models), spare


def language_models(settings: Settings) -> tuple[dict[str, Any], float]:
    """Arguments of the gateway: the language model and its guard, and their workers; and the number of GPUs that they leave over.

    Raises InvalidInput when they cannot be what the settings say.
    """
    gpus = float(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
    spare = gpus
    if settings.ray:
        gpus = math.inf  # a cluster may start nodes with as many as are asked for
    llm = load(settings.llm, gpus=gpus) if settings.llm else None
    if settings.adapters and not isinstance(llm, Profile):
        raise InvalidInput("LoRA adapters need a language model that runs here; name it with --llm.")
    models: dict[str, Any] = {"llm": llm}
    if isinstance(llm, Profile):
        models["workers"] = build_workers(llm, "Worker", settings.adapters)
        spare -= llm.gpus * llm.replicas
    if settings.guard:
        guard = load(settings.guard, gpus=gpus if settings.ray else spare)
        if llm is None or not isinstance(guard, Profile):
            raise InvalidInput(
                "A guard reads what a language model is asked and writes: name one with --llm, and a Llama Guard that runs here."
            )
        models |= {"guard": guard, "guards": build_workers(guard, "LlamaGuard")}
        spare -= guard.gpus * guard.replicas
    return models, spare


def build_workers(profile: Profile, name: str, adapters: str | None = None) -> serve.Application:
    """A vLLM deployment. Raises InvalidInput when vLLM is not installed or does not take the profile or the adapters."""
    os.environ["VLLM_LOGGING_LEVEL"] = "ERROR"  # of this process alone: Ray's, where the workers run, has its environment already
    try:
        from serving.models import workers
    except ImportError as error:
        raise InvalidInput(
            f"{profile.name} needs vLLM, which is not installed ({error.name}); install it with pip install 'glossa[vllm]' on a machine "
            "with a GPU, or as the README says on a CPU."
        ) from error
    return workers.build(profile, name, adapters)


def ingest(settings: Settings, spare: float) -> serve.Application:
    """The application that turns queued documents into Ray tasks; it has no HTTP route. `spare`: GPUs that nobody else takes.

    Exactly one replica: it is the only one that starts tasks.
    """
    return deployment(Dispatcher, "Dispatcher", ON_HEAD if settings.ray else LIGHT).bind(settings, gpu=spare >= 1)


def deployment(kind: type, name: str, place: dict[str, Any], *, replicas: int = 1, ongoing: int = 8, queued: int = 8) -> serve.Deployment:
    """A deployment of `kind` that takes `ongoing` requests a replica at a time; more than `queued` that wait are refused at once (503)."""
    return serve.Deployment.options(
        serve.deployment(kind),  # type: ignore[arg-type]
        name=name,
        num_replicas=replicas,
        max_ongoing_requests=ongoing,
        max_queued_requests=queued,
        ray_actor_options=place,
        health_check_period_s=5,
        max_constructor_retry_count=NEVER_GIVE_UP,
    )


def deploy(settings: Settings) -> None:
    """Start both on the Ray cluster that this process is connected to. Returns when they are ready.

    Raises InvalidInput with what a replica said when it cannot start, such as an embedder that does not load.
    """
    options = HTTPOptions(host=settings.host, port=settings.port)
    serve.start(proxy_location="HeadOnly", http_options=options, logging_config={"enable_access_log": False})
    application, spare = question_answering(settings)
    run(application, "glossa", "/")
    run(ingest(settings, spare), "ingest", None)


def remarks() -> list[str]:
    """What the one who has just started the application should know."""

    async def ask() -> list[str]:
        return await RetrievalClient(serve.get_deployment_handle("Retrieval", "glossa")).unsearchable()

    loop = asyncio.new_event_loop()  # a handle works in one only, and that must go on as long as this process
    threading.Thread(target=loop.run_forever, name="handles", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(ask(), loop).result()


def run(application: serve.Application, name: str, route_prefix: str | None) -> None:
    """Deploy, and return when all replicas run. Raises InvalidInput when one raised at its start: Ray Serve would try it for ever."""
    serve.run_many([serve.RunTarget(application, name, route_prefix)], wait_for_applications_running=False)
    while (status := serve.status().applications[name]).status != ApplicationStatus.RUNNING:
        messages = [deployment.message for deployment in status.deployments.values()]
        raised = last_raised(messages)
        if raised or status.status == ApplicationStatus.DEPLOY_FAILED:
            raise InvalidInput(f"The service could not start: {raised or status.message}")
        time.sleep(STATUS_POLL_SECONDS)


def last_raised(messages: Iterable[str]) -> str:
    """The last line of what replicas that did not start have raised."""
    lines = [line.strip() for message in messages for line in message.splitlines()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Input|NotYet|Unavailable|Exception): ", line)]
    return re.sub(r"^[\w.]+: ", "", raised[-1]) if raised else ""
