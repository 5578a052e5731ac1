"""Three Ray nodes on one machine, as in cluster.yaml: a head, a node for retrieval and ingest, one with a GPU that is only declared.

Run as a program: prints the cluster's address, then, for each line it reads, which node each replica and ingest worker is on. Before it
says so, `join` adds a second node for ingest, and `leave` ends that node at once.
"""

import json
import sys

import ray
from ray.cluster_utils import Cluster

from serving.instance import ports

SHAPES = {
    "head": {"num_cpus": 1, "resources": {"glossa_head": 1000}},
    "cpu": {"num_cpus": 6, "resources": {"glossa_cpu": 1000}},
    "gpu": {"num_cpus": 2, "num_gpus": 1},
}


def main() -> None:
    head = {**SHAPES["head"], "dashboard_port": ports.free(), "dashboard_agent_listen_port": ports.free()}  # the agent starts jobs
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = {cluster.head_node.node_id: "head"}
    for role in ("cpu", "gpu"):
        nodes[cluster.add_node(**SHAPES[role]).node_id] = role
    ray.init(cluster.address, log_to_driver=False, namespace="test")
    print(cluster.address, flush=True)
    second = None
    for command in sys.stdin:
        if command == "join\n":
            second = cluster.add_node(**SHAPES["cpu"])
            nodes[second.node_id] = "second"
        elif command == "leave\n":
            cluster.remove_node(second, allow_graceful=False)
        print(json.dumps(placed(nodes)), flush=True)
    ray.shutdown()
    cluster.shutdown()


def placed(nodes: dict[str, str]) -> dict[str, list[str]]:
    """Where the living replicas are, by deployment; and where ingest ran or runs (`tasks`) and runs (`running`)."""
    from ray.util.state import list_actors, list_tasks

    where: dict[str, list[str]] = {}
    for actor in list_actors(filters=[("state", "=", "ALIVE")], limit=1000):
        if actor.name and actor.name.startswith("SERVE_REPLICA::"):
            deployment = actor.name.removeprefix("SERVE_REPLICA::").split("#")[1]
            where.setdefault(deployment, []).append(nodes[actor.node_id])
        elif actor.class_name == "Encoder":
            where.setdefault("Encoder", []).append(nodes[actor.node_id])
    tasks = [task for task in list_tasks(filters=[("name", "=", "ingest_document")], detail=True, limit=1000) if task.node_id]
    where["tasks"] = [nodes[task.node_id] for task in tasks]
    where["running"] = [nodes[task.node_id] for task in tasks if task.state == "RUNNING"]
    return where


if __name__ == "__main__":
    main()
