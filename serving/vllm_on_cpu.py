"""A plugin of vLLM (entry point `vllm.general_plugins`): on CPU cores its processes wait for one another in naps, not in a tight loop.

For a second after each message vLLM's engine and workers look into their shared memory again and again, with sched_yield in between. Beside
GPUs that is the fastest. On CPU cores it takes those that compute, and Linux 6.18 lets two replicas so busy starve all other processes for
up to two minutes. VLLM_PLUGINS= (empty) leaves the plugin out.
"""

import time

NAP_SECONDS = 0.0002  # a step of the smallest model takes ten times as long


def register() -> None:
    """Called by vLLM in each of its processes."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        from vllm.distributed.device_communicators import shm_broadcast

        shm_broadcast.sched_yield = nap  # type: ignore[attr-defined]


def nap() -> None:
    """What stands in for sched_yield."""
    time.sleep(NAP_SECONDS)
