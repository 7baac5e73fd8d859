"""The HTTP side: the webhook, the operator's API, health and metrics.

Two kinds of callers, two kinds of credentials: the webhook's can post alerts and nothing else.
"""
