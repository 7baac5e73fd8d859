"""Numbered SQL scripts; the store's ``user_version`` is the number of the last one applied."""
