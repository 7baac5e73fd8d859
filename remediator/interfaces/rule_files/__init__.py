"""Rule files: read all of them, say all that is wrong with them, or return the whole table.

``reading`` finds and reads files, ``load`` joins them; ``guides`` makes guides ready and checks every name, argument,
template and condition in them; ``rules`` does so for rules.
"""

from __future__ import annotations

from remediator.interfaces.rule_files.load import Loaded, Source, load_rules

__all__ = ["Loaded", "Source", "load_rules"]
