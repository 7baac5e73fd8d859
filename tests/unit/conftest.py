"""What several unit tests work with: a log that is written into a text, a deliverer with a reporter of ours."""

import io
import logging

import pytest
import structlog
from fakes.reports_desk import Desk


@pytest.fixture
def desk(store, tmp_path):
    return Desk(store, tmp_path)


@pytest.fixture(params=["json", "pretty"])
def style(request):
    return request.param


@pytest.fixture
def out():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
