"""The plugin that keeps vLLM's processes from starving others where CPU cores compute."""

from serving.vllm_on_cpu import look_again


def test_vllm_loads_the_plugin() -> None:
    from vllm.distributed.device_communicators import shm_broadcast
    from vllm.plugins import load_general_plugins

    load_general_plugins()
    assert shm_broadcast.sched_yield is look_again
