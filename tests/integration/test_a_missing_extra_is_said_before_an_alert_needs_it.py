"""A step whose library is not installed is a problem at its place for check, and the daemon does not start with it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

HIDE = "import sys\nfor name in {names!r}.split(): sys.modules[name] = None\n"
MACHINES = """
  host:
    here: {local: true}
    there: {address: 127.0.0.1, user: u, key_file: /dev/null, known_hosts_file: /dev/null}
  systemd: {here: {}, there: {}}
"""
CONNECTIONS = f"""\
rules: [rules.yaml]
connections:
  postgres: {{default: {{host: h, user: u}}}}
  redis: {{default: {{host: h}}}}
  docker: {{default: {{socket: /run/docker.sock}}}}
{MACHINES}"""
RULES = """\
rules: [{name: a, match: alertname = "A", guide: g, runbook_url: "http://x"}]
guides:
  g:
    summary: s
    target: http/shop
    diagnose:
      - STEP
"""


ROOT = Path(__file__).parents[2]


def written(home, step, match='alertname = "A"'):
    (home / "rules.yaml").write_text(RULES.replace("STEP", step).replace('alertname = "A"', match))
    (home / "remediator.yml").write_text(CONNECTIONS)


def without(home, hidden):
    """Return the environment of a process that finds nothing under these names."""
    (home / "site").mkdir(exist_ok=True)
    (home / "site" / "sitecustomize.py").write_text(HIDE.format(names=hidden))
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(home / "site"), str(ROOT)])}


@pytest.fixture
def run(tmp_path):
    def run(step, hidden, *words, match='alertname = "A"'):
        written(tmp_path, step, match)
        return subprocess.run(
            [sys.executable, "-m", "remediator", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            check=False, env=without(tmp_path, hidden),
        )  # fmt: skip

    return run


CHECK = ("check", "--config.file", "remediator.yml", "--lint", "none")


@pytest.mark.parametrize(
    ("step", "hidden", "extra"),
    [
        ("postgres.ping: {}", "psycopg", "postgres"),
        ("redis.ping: {}", "redis", "redis"),
        ("docker.state: {container: web}", "aiodocker", "docker"),
        ("network.tls: {host: example.com}", "cryptography", "network"),
        ("host.disk: {connection: there}", "asyncssh", "host"),
        ('host.disk: {connection: "{{ labels.machine }}"}', "asyncssh", "host"),
        ("systemd.status: {connection: there, unit: a.service}", "asyncssh", "host"),
        ("systemd.status: {connection: here, unit: a.service}", "dbus_fast", "host"),
    ],
)
def test_check_names_the_extra_at_the_step(run, step, hidden, extra):
    done = run(step, hidden, *CHECK)
    assert done.returncode == 1, done
    action = step.partition(":")[0]
    assert f'rules.yaml:7:9: error: {action} needs the extra "{extra}", which is not installed here\n' in done.stderr
    assert f'    pip install "remediator[{extra}]" (there is no module {hidden})\n' in done.stderr


@pytest.mark.parametrize(
    ("step", "hidden"),
    [
        ("postgres.ping: {}", "redis aiodocker asyncssh dbus_fast cryptography"),
        ("host.disk: {connection: here}", "asyncssh dbus_fast"),
        ("systemd.status: {connection: there, unit: a.service}", "dbus_fast"),
        ("systemd.status: {connection: here, unit: a.service}", "asyncssh"),
        ("systemd.journal: {connection: here, unit: a.service}", "asyncssh dbus_fast"),
        ("network.tcp: {host: example.com, port: 80}", "cryptography"),
    ],
)
def test_what_no_step_needs_need_not_be_there(run, step, hidden):
    done = run(step, hidden, *CHECK)
    assert done.returncode in (0, 3), done


def test_a_machine_that_a_matcher_fixes_is_the_one_that_counts(run):
    step = 'host.disk: {connection: "{{ labels.machine }}"}'
    assert run(step, "asyncssh", *CHECK, match="'{alertname=\"A\", machine=\"here\"}'").returncode in (0, 3)
    assert run(step, "asyncssh", *CHECK, match="'{alertname=\"A\", machine=\"there\"}'").returncode == 1


def test_the_daemon_does_not_start(run):
    done = run("postgres.ping: {}", "psycopg", "serve", "--web.listen-address", "127.0.0.1:0")
    assert done.returncode == 1
    assert 'rules.yaml:7:9: error: postgres.ping needs the extra "postgres"' in done.stderr
    assert "Traceback" not in done.stderr


def test_at_a_reload_the_old_table_stays(tmp_path):
    written(tmp_path, "network.tcp: {host: example.com, port: 80}")
    line = [sys.executable, "-m", "remediator", "serve", "--web.listen-address", "127.0.0.1:0", "--log.format", "json"]
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=without(tmp_path, "psycopg")) as daemon:
        try:
            ready = next(said for said in map(json.loads, daemon.stderr) if said["event"] == "ready")
            written(tmp_path, "postgres.ping: {}")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://{ready['listen']}/-/reload", b"", timeout=20)
            assert 'needs the extra \\"postgres\\"' in refused.value.read().decode()
            said = next(said for said in map(json.loads, daemon.stderr) if said["level"] == "error")
            assert "the old rule table stays" in said["event"]
        finally:
            daemon.terminate()


def test_a_check_for_another_machine_does_not_ask(run):
    assert run("postgres.ping: {}", "psycopg", *CHECK, "--elsewhere").returncode in (0, 3)
    assert run("postgres.ping: {}", "psycopg", "check", "rules.yaml", "--lint", "none").returncode in (0, 3)
