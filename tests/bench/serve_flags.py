"""What each setting of Ray Serve and vLLM gives a streamed answer: the gateway as shipped, and with one setting at a time as they come.

Not here: Ray's direct streaming (RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING), which belongs to Ray's own OpenAI ingress; our gateway stands
between. Run: .venv/bin/python -m tests.bench.serve_flags [--seconds 8]. Ends with one JSON line.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import yaml

from serving.command import cli
from serving.instance import start
from serving.models.profile import checkpoint
from tests.bench.generation import CLIENTS, MODEL, gateway, load
from tests.tiny_llama import save_tiny_llama

BATCHING = "with Ray's batches of 50 ms"
# As shipped last too: what differs between its two rows is the machine's doing.
VARIANTS = {
    "as shipped": "",
    "without HAProxy": "RAY_SERVE_ENABLE_HA_PROXY=0",
    "without user code on the replica's loop": "RAY_SERVE_THROUGHPUT_OPTIMIZED=0",
    BATCHING: "",
    "without our plugin of vLLM": "VLLM_PLUGINS=",
    "as shipped, again": "",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_tiny_llama(Path(temporary) / MODEL)
        config = checkpoint(str(folder), on_gpu=False).config
        for name, setting in VARIANTS.items():
            batching = {"experimental_configs": {"stream_batching_interval_ms": 50}} if name == BATCHING else {}
            profile = folder.parent / "profile.yaml"
            profile.write_text(yaml.safe_dump({**config, **batching}))
            with gateway(profile, program=("-m", "tests.bench.serve_flags", "--launch", setting)) as (url, headers):
                load(4, 3, url, headers)  # warm
                figures[name] = {clients: load(clients, options.seconds, url, headers) for clients in CLIENTS}
            one, many = (figures[name][clients] for clients in CLIENTS)
            first, rate = one["ttft_p50_ms"], many["tokens_per_s"]
            ratio = rate / figures["as shipped"][CLIENTS[-1]]["tokens_per_s"]
            print(f"{name:40} TTFT p50 {first:7.1f} ms at {CLIENTS[0]}   {rate:8.1f} tokens/s at {CLIENTS[-1]}   {ratio:.2f} x", flush=True)
    print(json.dumps(figures))


def launch(setting: str, arguments: list[str]) -> None:
    """Run `glossa` with one environment variable of its Ray nodes changed."""
    shipped = start.node_environment
    changed = dict([setting.split("=", 1)]) if setting else {}
    start.node_environment = lambda temporary: shipped(temporary) | changed
    sys.argv = ["glossa", *arguments]
    cli.app()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--launch"]:
        launch(sys.argv[2], sys.argv[3:])
    else:
        main()
