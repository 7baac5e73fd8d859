"""Its name stands before the message, the reason in it is the system's words; and where to begin is said."""

import pytest
from typer.testing import CliRunner

from remediator.cli import application
from remediator.errors import ConfigurationError
from remediator.interfaces.configuration import read_settings, read_web_file


def said(read, path):
    with pytest.raises(ConfigurationError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize("command", [["serve"], ["check", "--config.file", "remediator.yml"]])
def test_without_a_configuration(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(application, command)
    assert done.exit_code == 1
    assert (done.output.strip() or str(done.exception)) == (
        f"remediator.yml: error: there is no such file in {tmp_path}; name yours with --config.file; "
        "config/remediator.yml in remediator's repository is a sample"
    )


def test_a_folder(tmp_path):
    assert said(read_settings, tmp_path) == f"{tmp_path}: error: cannot be read: Is a directory"


def test_what_is_no_text(tmp_path):
    (tmp_path / "a.yml").write_bytes(b"\xff")
    assert said(read_settings, tmp_path / "a.yml") == f"{tmp_path}/a.yml: error: cannot be read: it is not text in UTF-8"


def test_a_web_file(tmp_path):
    path = tmp_path / "web.yml"
    assert said(read_web_file, path) == f"{path}: error: cannot be read: No such file or directory"


def test_a_web_files_certificate(tmp_path):
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: c, key_file: k}\n")
    assert "cannot be used: No such file or directory\n" in said(read_web_file, path)
