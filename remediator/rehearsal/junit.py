"""Results as JUnit XML, as CI servers read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from remediator.core.problems import Problem
from remediator.errors import ConfigurationError
from remediator.rehearsal.tell import Outcome, tell

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> None:
    """Write the file. Raises ConfigurationError when it cannot be written."""
    suites = ET.Element("testsuites")
    for file in dict.fromkeys(str(outcome.file.path) for outcome in outcomes):
        _suite(suites, file, [outcome for outcome in outcomes if str(outcome.file.path) == file])
    for problem in problems:
        suite = ET.SubElement(suites, "testsuite", name=_text(problem.file), tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", classname=_text(problem.file), name="can be read", time="0")
        ET.SubElement(case, "error", message=_text(problem.message)).text = _text(str(problem))
    try:
        ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigurationError((Problem(f"cannot be written: {error}", str(path)),)) from error


def _suite(suites: ET.Element, file: str, outcomes: Sequence[Outcome]) -> None:
    wrong = sum(outcome.wrong for outcome in outcomes)
    failed = sum(not outcome.passed for outcome in outcomes) - wrong
    seconds = sum(outcome.seconds for outcome in outcomes)
    suite = ET.SubElement(
        suites, "testsuite", name=_text(file), tests=str(len(outcomes)), failures=str(failed), errors=str(wrong),
        time=f"{seconds:.3f}",
    )  # fmt: skip
    for outcome in outcomes:
        case = ET.SubElement(
            suite, "testcase", classname=_text(file), name=_text(outcome.test.name), time=f"{outcome.seconds:.3f}",
            file=_text(file), line=outcome.place.rsplit(":", 1)[1],
        )  # fmt: skip
        if not outcome.passed:
            told = tell(outcome)
            kind = "error" if outcome.wrong else "failure"
            ET.SubElement(case, kind, message=_text(told.splitlines()[0])).text = _text(told)


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
