from hypothesis import given
from hypothesis import strategies as st

from remediator.actions.host import proc
from remediator.actions.host.facts import between
from remediator.actions.host.oom import kills

KERNEL = """2030-01-02T03:04:05+0000 web kernel: Out of memory: Killed process 4711 (python3) total-vm:1234kB, anon-rss:1000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0
2030-01-02T03:04:06+0000 web kernel: Memory cgroup out of memory: Killed process 12 (a b) total-vm:9kB, anon-rss:8kB, file-rss:0kB
2030-01-02T03:04:07,123456+00:00 oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=python3,pid=4711,uid=0"""


def test_what_the_kernel_says_of_its_kills():
    first, second = kills(KERNEL.splitlines())
    assert (first.at, first.process, first.pid, first.memory_bytes, first.cgroup) == ("2030-01-02T03:04:05+0000", "python3", 4711, 1_024_000, False)
    assert (second.process, second.pid, second.memory_bytes, second.cgroup) == ("a b", 12, 8192, True)


def test_a_name_may_hold_anything():
    stat = "42 (a) S (b c)) R 1 " + " ".join(str(n) for n in range(5, 53))
    found = proc.process(stat)
    assert (found.pid, found.name, found.ticks, found.pages) == (42, "a) S (b c)", 14 + 15, 24)


def test_sockets():
    text = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1 0
   1: 0100007F:1F91 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 124 1 0"""
    assert proc.listening("tcp", text) == [proc.Listening("tcp", "127.0.0.1", 8080, 123)]
    six = text.replace("0100007F:1F90", "00000000000000000000000001000000:0050")
    assert proc.listening("tcp6", six) == [proc.Listening("tcp6", "::1", 80, 123)]


def test_shares_of_time():
    before, after = proc.Cpu(1000, 800, 100, 0, 4), proc.Cpu(1400, 900, 120, 40, 4)
    use = between(before, after)
    assert (use.busy, use.waiting, use.stolen, use.processors) == (0.75, 0.05, 0.1, 4)
    assert between(after, after).busy == 0


@given(st.text(), st.sampled_from(["tcp", "tcp6", "udp", "udp6"]))
def test_no_text_crashes(text, protocol):
    for read in (proc.meminfo, proc.cpu, proc.load, proc.process, lambda t: kills(t.splitlines())):
        read(text)
    proc.listening(protocol, "head\n" + text)


@given(st.lists(st.integers(0, 2**63), min_size=8, max_size=10), st.lists(st.integers(0, 2**63), min_size=8, max_size=10))
def test_shares_are_shares(before, after):
    first, second = (proc.cpu("cpu  " + " ".join(map(str, numbers)) + "\ncpu0 1\n") for numbers in (before, after))
    use = between(first, second)
    assert all(0 <= share <= 1 for share in use[:3])
