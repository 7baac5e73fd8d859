"""Rows: the only truth.

Belongs here: the schema, statements, units of work, what guards need to know read from rows. Must
not be here: decisions (they are in ``core``), effects, waiting. A *unit* is a plain function of a
``Tx``; it does only SQL and pure core and may be run again.
"""
