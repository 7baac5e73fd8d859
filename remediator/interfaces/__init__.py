"""Where others meet us: Alertmanager's webhook, rule files, the web, reports.

Belongs here: documents of other systems and of people, checked and turned into core values; pages
and messages made from core values. Must not be here: decisions, waiting for runs, rows.
"""
