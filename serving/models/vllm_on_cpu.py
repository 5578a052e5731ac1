"""A plugin of vLLM (entry point `vllm.general_plugins`) for CPU cores, where processes that wait must not take those that compute.

vLLM gives a model on the CPU a process of its own even where one is enough, and engine and worker then look for one another's messages in
a tight loop with sched_yield. Without tensor parallelism engine and model share one process here, as on a GPU: three times the tokens/s on
two cores (tests/bench/serve_flags.py). With it they look again after sleep(0), as vLLM itself does on old versions of Python: on Linux 6.18
two replicas that loop with sched_yield starve all other processes for up to two minutes, whatever their niceness. VLLM_PLUGINS= (empty)
leaves the plugin out.
"""

import time
from typing import Any


def register() -> None:
    """Called by vLLM in each of its processes."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        from vllm.distributed.device_communicators import shm_broadcast
        from vllm.platforms.cpu import CpuPlatform

        shm_broadcast.sched_yield = look_again  # type: ignore[attr-defined]
        complete = CpuPlatform.check_and_update_config

        def complete_in_one_process(config: Any) -> None:
            complete(config)
            if config.parallel_config.world_size == 1:
                config.parallel_config.distributed_executor_backend = "uni"

        CpuPlatform.check_and_update_config = staticmethod(complete_in_one_process)  # type: ignore[assignment,method-assign]


def look_again() -> None:
    """What stands in for sched_yield."""
    time.sleep(0)
