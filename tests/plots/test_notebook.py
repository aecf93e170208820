from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from analyzer.plots.notebook import show_figures

if TYPE_CHECKING:
    import pytest


def test_outside_a_notebook_nothing_is_imported_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    show_figures()
    assert "IPython" not in sys.modules


def test_an_imported_ipython_that_runs_no_shell_is_let_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    show_figures()
