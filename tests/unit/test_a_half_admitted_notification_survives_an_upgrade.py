import sqlite3
from importlib.resources import files

from remediator.store import inbox
from remediator.store.sqlite import Tx, migrate

REVISION = 7  #: the last that noted in the notification's own row how far it was


def test_what_was_left_is_left():
    db = sqlite3.connect(":memory:", isolation_level=None)
    scripts = sorted((file for file in files("remediator.store.migrations").iterdir() if file.name.endswith(".sql")), key=str)
    for script in scripts[:REVISION]:
        db.executescript(script.read_text("utf-8"))
    db.execute(f"PRAGMA user_version = {REVISION}")
    columns = "INSERT INTO notification (id, at, receiver, group_key, alerts, truncated, admitted, body) VALUES"
    db.execute(f"{columns} ('a', 1, 'r', 'g', 200, 0, 128, x'00'), ('b', 1, 'r', 'g', 3, 0, 3, x'00')")
    migrate(db)
    tx = Tx(db)
    assert inbox.unadmitted(tx) == [("a", 128)]
    assert inbox.admitted(tx, "b") is None
    inbox.set_admitted(tx, "a", 200)
    assert inbox.unadmitted(tx) == []
