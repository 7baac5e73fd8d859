"""From text to Jinja2's syntax tree, with bounds on length and depth; and chains of names in it."""

from __future__ import annotations

import re

from jinja2 import Environment, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.parser import Parser

from remediator.errors import TemplateError

DEPTH_LIMIT = 48  #: levels of operators, filters and brackets
_LENGTH = 4096  #: characters in one expression
_SYNTAX = Environment(autoescape=False)  # noqa: S701 -- parses only; nothing here makes HTML
_TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def parse(source: str, start: int) -> nodes.Expr:
    """Return the tree of one expression, whatever is in it. ``start`` is its offset, for TemplateError."""
    if len(source) > _LENGTH:
        raise TemplateError(f"an expression has at most {_LENGTH} characters", start)
    depth = 0
    for char in _TEXTS.sub("", source):
        depth += (char in "([{") - (char in ")]}")
        if depth > DEPTH_LIMIT:
            raise TemplateError("too many brackets in one another", start)
    try:
        parser = Parser(_SYNTAX, source, state="variable")
        node = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateError(f'"{parser.stream.current.value}" is not expected here', start)
    except JinjaError as error:
        line = getattr(error, "lineno", 1) or 1
        told = (error.message or "not an expression").replace("template data", "the expression's end")
        if "end of template" in told:  # Jinja2's word for the place where it stops
            end = start + len(source.rstrip())
            raise TemplateError("the expression ends too early: something is missing at its end", end) from error
        raise TemplateError(told, start + line_start(source, line)) from error
    except (RecursionError, ValueError, OverflowError) as error:
        raise TemplateError("too deep or too large an expression", start) from error
    return node


def line_start(source: str, line: int) -> int:
    """Return the offset at which a line (from 1) begins."""
    return sum(len(each) for each in source.splitlines(keepends=True)[: line - 1])


def chain_of(node: nodes.Node) -> tuple[str | int, ...] | None:
    """Return the keys of ``steps.pool['a-b'][0]``; None where a key is not constant."""
    keys: list[str | int] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            keys.append(node.arg.value)
        else:
            return None
        node = node.node
    return (node.name, *reversed(keys))


def show_chain(chain: tuple[str | int, ...]) -> str:
    """Return a chain as one writes it: ``labels['a-b']``, ``steps.pool.rows[0]``."""
    root, *keys = chain
    shown = str(root)
    for key in keys:
        if isinstance(key, int) or key.isdecimal():
            shown += f"[{key}]"
        else:
            shown += f".{key}" if key.isidentifier() else f"['{key}']"
    return shown
