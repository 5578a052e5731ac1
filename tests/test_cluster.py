"""The cluster file is one that Ray's launcher takes, and its nodes offer what the application's parts ask for."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from serving.instance.app import ON_CPU_NODE, ON_HEAD
from serving.models.profile import Profile, load


@pytest.fixture
def config() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "cluster.yaml").read_text())
    return read


def test_ray_validates_the_cluster_file(config: dict[str, Any]) -> None:
    validate_config(prepare_config(config))


def test_every_node_starts_ray_with_a_token_and_our_environment(config: dict[str, Any]) -> None:
    starts = [line for line in config["head_start_ray_commands"] + config["worker_start_ray_commands"] if "ray start" in line]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=~/ray-token" in line and "glossa node-env" in line for line in starts)


@pytest.mark.parametrize(("node", "wanted"), [("head", ON_HEAD), ("cpu", ON_CPU_NODE)])
def test_a_part_of_the_application_fits_its_node_and_no_other(config: dict[str, Any], node: str, wanted: dict[str, Any]) -> None:
    needs = {"CPU": wanted["num_cpus"], **wanted["resources"]}
    fitting = [
        name
        for name, kind in config["available_node_types"].items()
        if all(kind["resources"].get(resource, 0) >= amount for resource, amount in needs.items())
    ]
    assert fitting == [node]


def test_a_replica_of_the_default_profile_fits_a_gpu_node(config: dict[str, Any]) -> None:
    profile = load("llama-3.1-8b", gpus=1)
    assert isinstance(profile, Profile)
    gpu = config["available_node_types"]["gpu"]["resources"]
    assert gpu["GPU"] >= profile.gpus and gpu["CPU"] >= 1 + profile.workers
