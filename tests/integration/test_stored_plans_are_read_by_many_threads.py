"""Threads that read their first plan at the same moment: the daemon's loop and its readers do."""

import subprocess
import sys

PROGRAM = """
import sys, threading
sys.setswitchinterval(1e-6)
from fakes.run_views import PLAN
from remediator.store import journal

text = journal._PLAN.encode(PLAN).decode()
wrong = []

def read(n):
    for turn in range(20):
        other = text.replace('"notes":"', f'"notes":"{n} {turn} ', 1)  # no cache may answer
        if journal._plan(other).rule != PLAN.rule:
            wrong.append(other)

threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(len(wrong))
"""


def test_none_of_them_crashes():
    ended = [subprocess.run([sys.executable, "-c", PROGRAM], cwd="tests", check=False) for _ in range(3)]
    assert [one.returncode for one in ended] == [0, 0, 0]
