"""Write what happened into a file of tests. Comments and layout stay as they are."""
from __future__ import annotations
def write(file, outcomes):
    return 0
