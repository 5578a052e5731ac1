"""Three Ray nodes on one machine, as in cluster.yaml: a head, a node for retrieval and ingest, one with a GPU that is only declared.

Run as a program: prints the cluster's address, then, for each line it reads, which node each replica and ingest worker is on.
"""

import json
import sys

import ray
from ray.cluster_utils import Cluster

from serving import ports

SHAPES = {
    "head": {"num_cpus": 1, "resources": {"glossa_head": 1000}},
    "cpu": {"num_cpus": 6, "resources": {"glossa_cpu": 1000}},
    "gpu": {"num_cpus": 2, "num_gpus": 1},
}


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={**SHAPES["head"], "dashboard_port": ports.free()})
    nodes = {cluster.head_node.node_id: "head"}
    for role in ("cpu", "gpu"):
        nodes[cluster.add_node(**SHAPES[role]).node_id] = role
    ray.init(cluster.address, log_to_driver=False, namespace="test")
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        print(json.dumps(placed(nodes)), flush=True)
    ray.shutdown()
    cluster.shutdown()


def placed(nodes: dict[str, str]) -> dict[str, list[str]]:
    """Where the living replicas are, by deployment; and `tasks`, where ingest ran."""
    from ray.util.state import list_actors, list_tasks

    where: dict[str, list[str]] = {}
    for actor in list_actors(filters=[("state", "=", "ALIVE")], limit=1000):
        if actor.name and actor.name.startswith("SERVE_REPLICA::"):
            deployment = actor.name.removeprefix("SERVE_REPLICA::").split("#")[1]
            where.setdefault(deployment, []).append(nodes[actor.node_id])
    where["tasks"] = [nodes[task.node_id] for task in list_tasks(filters=[("name", "=", "ingest_document")], detail=True) if task.node_id]
    return where


if __name__ == "__main__":
    main()
