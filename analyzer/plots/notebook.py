"""Figures show themselves in Jupyter, although they are made without pyplot, which keeps every figure alive."""

from __future__ import annotations

import sys

FORMATS = {"png"}


def show_figures() -> None:
    """Let the notebook that runs this code draw figures; elsewhere, and without IPython, it does nothing."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    if shell is not None:
        from IPython.core.pylabtools import select_figure_formats

        select_figure_formats(shell, FORMATS)  # type: ignore[no-untyped-call]  # IPython types no display tools
