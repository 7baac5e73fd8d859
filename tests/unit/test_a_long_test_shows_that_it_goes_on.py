"""On a terminal, and after some seconds only, a line on standard error says which test is played and how far it is."""

import io

from remediator.cli.test import PATIENCE, Progress


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self):
        return True


def shown(stream, patience, capsys):
    progress = Progress(stream, patience)
    progress.watch("it is restarted\x1b[2J", 90061.0)
    progress.watch("it is restarted", 90062.0)
    progress.say("FAILED")
    progress.clear()
    assert capsys.readouterr().out == "FAILED\n"
    return stream.getvalue()


def test_on_a_terminal(capsys):
    said = shown(Terminal(), 0.0, capsys)
    assert said == "\r\x1b[Kit is restarted\\x1b[2J: 1d1h of its time have passed\r\x1b[K"


def test_not_at_once_and_not_into_a_file(capsys):
    assert shown(Terminal(), PATIENCE, capsys) == ""
    assert shown(io.StringIO(), 0.0, capsys) == ""
