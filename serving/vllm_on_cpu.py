"""A plugin of vLLM (entry point `vllm.general_plugins`): on CPU cores its processes wait for one another without sched_yield.

For a second after each message vLLM's engine and workers look into their shared memory again and again, with sched_yield in between. On
Linux 6.18 two replicas that do so starve all other processes for up to two minutes, whatever their niceness; with sleep(0), which vLLM
itself takes on old versions of Python, they do not. Beside GPUs nothing is changed. VLLM_PLUGINS= (empty) leaves the plugin out.
"""

import time


def register() -> None:
    """Called by vLLM in each of its processes."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        from vllm.distributed.device_communicators import shm_broadcast

        shm_broadcast.sched_yield = look_again  # type: ignore[attr-defined]


def look_again() -> None:
    """What stands in for sched_yield."""
    time.sleep(0)
