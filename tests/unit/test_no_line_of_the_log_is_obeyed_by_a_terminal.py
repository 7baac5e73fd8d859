"""Labels, group keys and errors of backends stand in the log: what a terminal would obey, or take for another line, is escaped."""

import json
import logging

import pytest
import structlog

from remediator import logs

HOSTILE = ("\u009b2J\u0085\u009b31mX", "a\x1b]0;pwn\x07", "a\u2028forged", "a\u202eb\u2066", "a\x7f", "a b\x9b\nforged")


def failing(said):
    try:
        raise ValueError(said)
    except ValueError as error:
        return error


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_a_part_of_its_line(out, style, value):
    logs.configure(style, "info", out)
    structlog.get_logger("x").info("run", target=value, locks=[value], more={value: value})
    (line,) = out.getvalue().removesuffix("\n").split("\n")
    assert line.isprintable()
    assert "run" in line


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_library_says_is_one_line(out, style, value):
    logs.configure(style, "info", out)
    logging.getLogger("any").warning("it says %s", value)
    (line,) = out.getvalue().removesuffix("\n").split("\n")
    assert line.isprintable()


@pytest.mark.parametrize("value", HOSTILE)
def test_an_error_forges_no_line(out, style, value):
    logs.configure(style, "info", out)
    structlog.get_logger("x").error("it failed", exc_info=failing(value))
    first, *more = out.getvalue().removesuffix("\n").split("\n")
    assert "it failed" in first
    assert all(line.isprintable() for line in (first, *more))
    assert all(line.startswith("    ") for line in more)


@pytest.mark.parametrize("value", HOSTILE)
def test_json_says_what_it_was(out, value):
    logs.configure("json", "info", out)
    structlog.get_logger("x").info("run", target=value, label="Größe")
    assert json.loads(out.getvalue())["target"] == value
    assert "Größe" in out.getvalue()
