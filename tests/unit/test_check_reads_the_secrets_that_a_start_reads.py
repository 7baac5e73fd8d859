"""A file of secrets that would stop the start is an error at its key; one that is read later a warning; none is shown."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application

RULES = """\
rules: [{name: a, match: alertname = "A", guide: g, runbook_url: "http://x"}]
guides: {g: {summary: s, target: http/shop}}
"""
SECRET = "very-secret-word"


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "empty").touch()
    (tmp_path / "latin").write_bytes(b"\xff" + SECRET.encode())
    (tmp_path / "good").write_text(SECRET + "\n")
    (tmp_path / "two").write_text(f"{SECRET}\n{SECRET}\n")

    def run(config, *words):
        (tmp_path / "remediator.yml").write_text(f"rules: [rules.yaml]\n{config}\n")
        done = CliRunner().invoke(application, ["check", "--config.file", "remediator.yml", *words])
        assert SECRET not in done.output
        return done

    return run


ESCALATION = "connections: {alertmanager: {default: {url: http://h, KEY}}}"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("web: {webhook: {bearer_token_file: FILE}}", "/FILE cannot be used: "),
        ("slack: {token_file: FILE, channel: C1}", "/FILE cannot be used: "),
        ("slack: {webhook_url_file: FILE}", "/FILE cannot be used: "),
        (ESCALATION.replace("KEY", "bearer_token_file: FILE"), "the secret in FILE"),
        (ESCALATION.replace("KEY", "basic_auth: {username: u, password_file: FILE}"), "the secret in FILE"),
        (ESCALATION.replace("KEY", "header_files: {x-key: FILE}"), "the secret in FILE"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["none", "empty", "latin", "rules.yaml/x"])
def test_an_error_where_the_start_would_end(check, config, said, file):
    column = config.index("FILE") + 1
    done = check(config.replace("FILE", file))
    assert done.exit_code == 1
    assert f"remediator.yml:2:{column}: error: " in done.output
    assert said.replace("FILE", file) in done.output


def test_all_of_them_and_what_is_wrong_with_rules_at_once(check, tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES.replace("guide: g", "guide: f"))
    said = check("web: {webhook: {bearer_token_file: none}}\nslack: {webhook_url_file: none}").output
    for line in ("remediator.yml:2:36: error: ", "remediator.yml:3:27: error: ", 'there is no guide "f"'):
        assert line in said


@pytest.mark.parametrize(
    "config",
    [
        "web: {webhook: {bearer_token_file: good}}", "slack: {webhook_url_file: good}",
        ESCALATION.replace("KEY", "bearer_token_file: good"),
    ],
)  # fmt: skip
def test_nothing_where_it_is_right(check, config):
    done = check(config)
    assert (done.exit_code, "warning:" in done.output) == (0, False), done.output


LATER = [
    "kubernetes: {k: {kubeconfig: none}}",
    "host: {m: {address: h, user: u, key_file: none, known_hosts_file: good}}",
    "host: {m: {address: h, user: u, key_file: good, known_hosts_file: none}}",
    "postgres: {p: {host: h, user: u, password_file: none}}",
    "redis: {r: {host: h, tls: true, ca_file: none}}",
    "prometheus: {p: {url: http://h, basic_auth: {username: u, password_file: none}}}",
    "prometheus: {p: {url: http://h, ca_file: none}}",
    "http: {s: {base_url: http://h, header_files: {x-key: none}}}",
    "docker: {d: {url: https://h, ca_file: none}}",
    "network: {n: {host: h, ca_file: none}}",
]  # fmt: skip


@pytest.mark.parametrize("connection", LATER)
def test_a_warning_where_it_is_read_at_each_use(check, connection, tmp_path):
    column = len("connections: {") + connection.index("none") + 1
    done = check(f"connections: {{{connection}}}")
    assert done.exit_code == 3, done.output
    line = f'remediator.yml:2:{column}: warning: "none" cannot be read now: No such file or directory; it is read at each use'
    assert line in done.output
    assert f"it counts from the folder of the start, here {tmp_path}" in done.output
    assert check(f"connections: {{{connection.replace('none', str(tmp_path / 'good'))}}}").exit_code == 0
    assert check(f"connections: {{{connection.replace('none', str(tmp_path))}}}").exit_code == 3  # a folder
    assert check(f"connections: {{{connection}}}", "--elsewhere").exit_code == 0


def test_kubeconfigs_are_found_as_kubectl_finds_them(check, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check("connections: {kubernetes: {k: {kubeconfig: ~/good}}}").exit_code == 0
    assert check("connections: {kubernetes: {k: {kubeconfig: none:good}}}").exit_code == 0
    assert check("connections: {kubernetes: {k: {kubeconfig: none:~/none}}}").exit_code == 3


def test_for_another_machine_none_is_read(check):
    assert check("web: {webhook: {bearer_token_file: none}}", "--elsewhere").exit_code == 0


def test_a_mention_that_slack_does_not_know(check):
    done = check('slack: {webhook_url_file: good, mention: "@here"}')
    assert "remediator.yml:2:42: error: Slack knows no such mention: write <!here>" in done.output
