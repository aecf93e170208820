from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.reports.progress import progress

if TYPE_CHECKING:
    import pytest


def test_where_nobody_watches_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(100, "reading") as advance:
        advance(50)
    assert capsys.readouterr() == ("", "")


def test_the_bar_goes_to_standard_error_and_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress(100, "[bold]reading") as advance:
        advance(50)
    told = capsys.readouterr()
    assert not told.out
    assert "[bold]reading" in told.err
