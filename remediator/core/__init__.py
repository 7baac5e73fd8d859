"""Decisions, and nothing else.

Belongs here: what an alert, rule, guide, plan and run are; which rule matches; what the guards
say; what a run does next. Must not be here: input and output, clocks (``now`` is an argument, in
microseconds since 1970), logging, asyncio.
"""
