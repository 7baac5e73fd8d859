"""What people may ask and calculate in a template or a condition.

Belongs here: the syntax that is allowed, the values it works on, filters, what an unknown value
does. Must not be here: where a result lands and how it is escaped there (``core.escaping``).
"""
