"""Counting patterns in a pod's log, as in every log."""

from remediator.actions.answers.lines import Tally, compile_pattern

__all__ = ["Tally", "compile_pattern"]
