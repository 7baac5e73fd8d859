"""What the modules that speak HTTP, or read what a backend wrote, share.

Belongs here: credentials and trust (``access``), foreign errors made ours (``failures``), hostile
answers made small (``reading``), one reading request to a JSON API (``api``). Must not be here:
anything that knows one system. Not a system itself: the registry leaves it out.
"""
