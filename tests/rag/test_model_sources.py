"""Where a model is found, and what the user reads when it is not."""

import re
from pathlib import Path

import pytest

from rag.errors import InvalidInput
from rag.model_sources import Source, find_model, loading, may_need_hub


def test_a_folder_is_local_and_a_hub_name_is_not(tmp_path: Path) -> None:
    assert find_model(str(tmp_path), "reranker", "a folder") == Source(str(tmp_path), str(tmp_path), local=True)
    assert find_model("owner/model", "reranker", "a folder") == Source("owner/model", "owner/model", local=False)


def test_the_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert find_model("~/model", "reranker", "a folder") == Source(f"{tmp_path}/model", "~/model", local=True)
    assert (may_need_hub("~/model"), may_need_hub("owner/model"), may_need_hub(None)) == (False, True, False)


def test_what_is_neither_is_refused() -> None:
    sentence = "No reranker 'nothing' was found; give a folder, or a hub name ('owner/model')."
    with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"):
        find_model("nothing", "reranker", "a folder")


@pytest.mark.parametrize(("error", "reason"), [(OSError("no weights\nlong advice"), "no weights"), (ValueError(), "ValueError")])
def test_what_a_library_raises_becomes_one_sentence(error: Exception, reason: str) -> None:
    sentence = f"The reranker 'x' cannot be loaded ({reason}); give another folder or hub name."
    with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"), loading("The reranker 'x'"):
        raise error
