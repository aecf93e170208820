"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# A run of continuous integration is the same for the same code; at a desk every run looks for new cases.
hypothesis.settings.register_profile("project", derandomize="CI" in os.environ, deadline=None)
hypothesis.settings.load_profile("project")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of third-party captures and logs, which is no part of the project: tests skip without it."""
    folder = Path(os.environ.get("OCPP_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip("no corpus of third-party captures here")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the project's own captures and logs."""
    return ROOT / "sample_data"
