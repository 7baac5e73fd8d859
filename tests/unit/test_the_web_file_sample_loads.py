import subprocess
from pathlib import Path

from fakes.prometheus_servers import _need

from remediator.interfaces.configuration import read_web_file

FILE = Path(__file__).parents[2] / "config/web.yml"


def test_we_read_it():
    found = read_web_file(FILE)
    assert set(found.users) == {"alice"}
    assert found.tls is None


def test_prometheus_would_read_it_too():
    _need("promtool")
    command = ["promtool", "check", "web-config", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
