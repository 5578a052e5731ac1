"""The plugin that keeps vLLM's processes from starving others where CPU cores compute."""

from pathlib import Path

import pytest

from serving.models.vllm_on_cpu import look_again


@pytest.mark.parametrize(("tensor_parallel", "executor"), [(1, "uni"), (2, "mp")])
def test_one_worker_shares_its_engine_s_process_and_two_wait_without_sched_yield(llama: Path, tensor_parallel: int, executor: str) -> None:
    from vllm.distributed.device_communicators import shm_broadcast
    from vllm.engine.arg_utils import AsyncEngineArgs

    # Ray Serve asks for "mp" on CPU cores
    arguments = AsyncEngineArgs(str(llama), tensor_parallel_size=tensor_parallel, distributed_executor_backend="mp", max_model_len=512)
    config = arguments.create_engine_config()
    assert config.parallel_config.distributed_executor_backend == executor
    assert shm_broadcast.sched_yield is look_again  # type: ignore[attr-defined]
