"""What libraries log comes in the form of our own lines, and no line tells a secret."""

import json
import logging

import structlog
from aiohttp.http_exceptions import LineTooLong

from remediator import logs

SECRET = "postgres://app:hunter2hunter2@db/orders"


def failing():
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        return error


def test_a_librarys_line_is_json_as_ours(out):
    logs.configure("json", "info", out)
    logging.getLogger("aiohttp.server").error("Error handling %s", "a request", exc_info=failing())
    line = json.loads(out.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("Error handling a request", "error", "aiohttp.server")
    assert "ValueError" in line["exception"]


def test_a_librarys_line_tells_no_secret(out, style):
    logs.configure(style, "info", out)
    logging.getLogger("any").warning("cannot connect to %s", SECRET, exc_info=failing())
    assert "cannot connect" in out.getvalue()
    assert "hunter2" not in out.getvalue()


def test_what_is_no_request_cannot_fill_the_log(out):
    logs.configure("json", "info", out)
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=LineTooLong(b"/" * 9000))
    assert out.getvalue() == ""
    logs.set_level("debug")
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=LineTooLong(b"/" * 9000))
    assert len(out.getvalue()) < 200


def test_what_libraries_do_normally_is_for_debug(out):
    logs.configure("json", "info", out)
    logging.getLogger("watchfiles.main").info("3 changes detected")
    assert out.getvalue() == ""
    logs.set_level("debug")
    logging.getLogger("watchfiles.main").info("3 changes detected")
    assert json.loads(out.getvalue())["level"] == "info"


def test_no_error_and_no_list_of_our_own_tells_a_secret(out, style):
    logs.configure(style, "info", out)
    structlog.get_logger("x").error("it failed", problems=[SECRET], more={"password": "hunter2hunter2"}, exc_info=failing())
    assert "it failed" in out.getvalue()
    assert "hunter2" not in out.getvalue()


def test_a_line_that_json_cannot_say_is_written_all_the_same(out):
    logs.configure("json", "info", out)
    structlog.get_logger("x").warning("odd", name="a\ud800b", count=10**30)
    assert json.loads(out.getvalue())["event"] == "odd"
