"""Two replicas of the language model against one, where the model waits and computes nothing here, as on a GPU: requests/s of the gateway.

Gateway, handles, queues and router are those of the product, with the settings of the profile llama-3.1-8b; in vLLM's place is a worker
that sends eight tokens every tenth of a second. Run: .venv/bin/python -m tests.bench.replicas [--seconds 10]. Ends with one JSON line.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from serving.command import cli
from serving.instance import start
from serving.models.profile import PROFILES, Profile, read
from tests.bench.generation import MODEL, TOKENS, gateway, load
from tests.tiny_llama import save_cpu_profile, save_tiny_llama

CLIENTS = 32
ONGOING = 8  # requests that a replica works on at a time: fewer than there are clients, so that replicas are what limits
TOGETHER = 8  # tokens
STEP_SECONDS = 0.1


class Waiting:
    """What the gateway needs of a worker."""

    async def chat_json(self, request: Any) -> AsyncIterator[list[str]]:
        """TOKENS tokens."""
        for _ in range(TOKENS // TOGETHER):
            await asyncio.sleep(STEP_SECONDS)
            choice = {"index": 0, "delta": {"content": "token " * TOGETHER}, "finish_reason": None}
            yield [json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]})]


def build(profile: Profile, name: str, adapters: str | None = None) -> Any:
    """The deployment, in place of `serving.models.workers.build`."""
    from ray import serve

    return serve.deployment(Waiting).options(name=name, **profile.config["deployment_config"]).bind()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    router = read(PROFILES / "llama-3.1-8b.yaml").config["deployment_config"]["request_router_config"]
    rates = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_tiny_llama(Path(temporary) / MODEL)
        for replicas in (1, 2):
            deployment = {"num_replicas": replicas, "max_ongoing_requests": ONGOING, "max_queued_requests": 256}
            deployment |= {"ray_actor_options": {"num_cpus": 0}, "request_router_config": router}
            profile = save_cpu_profile(folder.parent / "waiting.yaml", folder, deployment=deployment)
            with gateway(profile, program=("-m", "tests.bench.replicas", "--launch")) as (url, headers):
                load(4, 3, url, headers)  # warm
                rates[replicas] = load(CLIENTS, options.seconds, url, headers)["tokens_per_s"] / TOKENS
            most = replicas * ONGOING / (TOKENS / TOGETHER * STEP_SECONDS)
            print(f"{replicas} replicas: {rates[replicas]:.1f} requests/s (at most {most:.1f})", flush=True)
    print(f"two against one: {rates[2] / rates[1]:.2f} x")
    print(json.dumps(rates))


def launch(arguments: list[str]) -> None:
    """Run `glossa` with Waiting in vLLM's place. The application is imported only when Ray's environment is set, as in the product."""
    shipped = start.start_ray

    def start_ray(*given: Any) -> tuple[str, str]:
        from serving.instance import app

        app.build_workers = build
        return shipped(*given)

    start.start_ray = start_ray
    sys.argv = ["glossa", *arguments]
    cli.app()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--launch"]:
        launch(sys.argv[2:])
    else:
        main()
