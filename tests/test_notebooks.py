from __future__ import annotations

import shutil
from pathlib import Path

import jupytext
import nbclient
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_post_mortem"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_from_its_folder(path: Path, tmp_path: Path, samples: Path) -> None:
    (tmp_path / "sample_data").symlink_to(samples)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(path, folder)
    notebook = jupytext.read(path)
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", ()) for output in outputs) == 3
    assert list(folder.glob("*.report.html"))
