"""PyYAML's nodes of one text. No constructor is involved: nothing in a text can become an object.

Two parsers make the same nodes: libyaml's, several times as fast, where PyYAML was built with it,
and PyYAML's own.
"""

from __future__ import annotations

from yaml import MarkedYAMLError, Node, ScalarNode, SequenceNode
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML was built without libyaml
    HAS_LIBYAML = False
    CParser = object  # type: ignore[assignment,misc] # LibyamlComposing is not used then
else:
    HAS_LIBYAML = True

DEEPEST = 64  #: levels of lists and mappings
MOST_VALUES = 150_000  #: keys and values
CORE = "tag:yaml.org,2002:"  #: the prefix of the core schema's tags
PLAIN = ""  #: our tag for a plain scalar without one: its form decides what it is


class _Composing(Composer):
    """Composes nodes from a parser's events; every node is counted before it is made."""

    level = 0
    nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.level += 1
        self.nodes += 1
        if self.level > DEEPEST:
            raise self._too_much(f"lists and mappings are nested deeper than {DEEPEST} levels")
        if self.nodes > MOST_VALUES:
            raise self._too_much(f"there are more than {MOST_VALUES} keys and values")
        node = super().compose_node(parent, index)
        self.level -= 1
        return node

    def _too_much(self, message: str) -> MarkedYAMLError:
        mark = self.peek_event().start_mark  # type: ignore[attr-defined] # the parser's half has it
        return MarkedYAMLError(problem=message, problem_mark=mark)

    def descend_resolver(self, parent: Node | None, index: int) -> None:
        """Nothing here depends on the way down."""

    def ascend_resolver(self) -> None:
        """Nothing here depends on the way down."""

    def resolve(self, kind: type[Node], _value: str | None, implicit: tuple[bool, bool] | bool) -> str:
        """Return the tag of a node that has none."""
        if kind is ScalarNode:
            return PLAIN if isinstance(implicit, tuple) and implicit[0] else CORE + "str"
        return CORE + ("seq" if kind is SequenceNode else "map")


class PythonComposing(_Composing, Reader, Scanner, Parser):
    """Parses in Python; works everywhere."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


class LibyamlComposing(_Composing, CParser):
    """Parses with libyaml."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)


def compose(text: str) -> Node | None:
    """Return the text's root node, or None when it holds none. Raises yaml.YAMLError."""
    return (LibyamlComposing if HAS_LIBYAML else PythonComposing)(text).get_single_node()
