"""Binds the deployments into one Serve application. No logic here."""

from ray import serve
from ray.serve.config import HTTPOptions

from ingest.dispatch import Dispatcher
from rag.settings import Settings
from serving.gateway import Gateway
from serving.retrieval import Retrieval

LIGHT = {"num_cpus": 0}  # Ray's count of CPUs is for ingest tasks; questions are never queued behind them


def question_answering(settings: Settings) -> serve.Application:
    """The application behind the HTTP port: gateway -> retrieval."""
    retrieval = serve.deployment(
        Retrieval,
        num_replicas=settings.replicas,
        max_ongoing_requests=64,
        max_queued_requests=512,
        ray_actor_options=LIGHT,
        health_check_period_s=5,
    ).bind(settings)
    gateway = serve.deployment(
        serve.ingress()(Gateway), name="Gateway", num_replicas=1, max_ongoing_requests=1000, max_queued_requests=1000, ray_actor_options=LIGHT
    )
    return gateway.bind(settings, retrieval)


def ingest(settings: Settings) -> serve.Application:
    """The application that turns queued documents into Ray tasks; it has no HTTP route. Exactly one replica: it is the only one to start tasks."""
    return serve.deployment(Dispatcher, num_replicas=1, ray_actor_options=LIGHT, health_check_period_s=5).bind(settings)


def deploy(settings: Settings) -> None:
    """Start both on the Ray cluster that this process is connected to. Returns when they are ready."""
    serve.start(http_options=HTTPOptions(host=settings.host, port=settings.port), logging_config={"enable_access_log": False})
    serve.run(question_answering(settings), name="glossa", route_prefix="/")
    serve.run(ingest(settings), name="ingest", route_prefix=None)
