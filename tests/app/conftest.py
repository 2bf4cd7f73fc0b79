"""What several tests of the app share."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from authlab.lab.apps import GRACE, LabApp
from authlab.lab.browser import Browser
from tests.app.visitors import signed_in

if TYPE_CHECKING:
    from hypothesis import settings


@pytest.fixture(params=["stateless", "database"])
def app(request: pytest.FixtureRequest) -> Iterator[LabApp]:
    """The app, in both ways of keeping sessions."""
    app = LabApp(sessions=request.param)
    yield app
    app.close()


@pytest.fixture
def guest(app: LabApp) -> Browser:
    return app.browser()


@pytest.fixture
def ada(app: LabApp) -> Browser:
    return signed_in(app)


@pytest.fixture
def grace(app: LabApp) -> Browser:
    """An admin: no page refuses her."""
    return signed_in(app, GRACE)


@pytest.fixture
def steady(tmp_path: Path) -> "settings":
    """How Hypothesis makes up texts: the same ones at every run, and none of its files in the tree."""
    if importlib.util.find_spec("hypothesis") is None:
        reason = "hypothesis is not installed; python3 -m authlab dev setup installs it"
        if "AUTHLAB_SKIP_NOTHING" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    from hypothesis import configuration, settings

    configuration.set_hypothesis_home_dir(tmp_path)
    # No deadline: a slow machine is no fault. No database: a failure of yesterday decides nothing today.
    return settings(derandomize=True, deadline=None, database=None, max_examples=500)
