"""One writing connection; waiting units share a commit.

SQL runs on the loop (it is short), only ``COMMIT`` runs in a thread (it waits for the disk): the fastest of the
shapes that were measured. Where there is little to do and the disk is quick, that runs on the loop, too: to change
the thread twice would take about as long. A unit that fails leaves nothing behind and harms no other; a commit that
fails fails its whole batch, and nothing of it was acknowledged to anybody.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from remediator.errors import ContradictionError, RemediatorError, StoreError
from remediator.store.file import StoreFile, address
from remediator.store.ours import OURS, must_be_ours

T = TypeVar("T")
Row = tuple[Any, ...]
Probe = Callable[[str], None]  #: told ``before`` and ``after`` of every commit; crash tests end the process there

MOST_IN_A_BATCH = 64
QUICK = 0.002  #: seconds that a commit may take which others on the loop wait for
PAUSE = 0.005  #: seconds without a commit: there is little to do


class Tx:
    """What a unit sees of the open transaction."""

    __slots__ = ("_execute", "_executemany")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany

    def one(self, sql: str, *values: Any) -> Row | None:
        """Return the first row, or None."""
        row: Row | None = self._execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Return all rows."""
        return self._execute(sql, values).fetchall()

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """Execute once for each row."""
        if len(rows) == 1:
            self._execute(sql, rows[0])
        else:
            self._executemany(sql, rows)

    def run(self, sql: str, *values: Any) -> int:
        """Execute, and return how many rows were written."""
        return self._execute(sql, values).rowcount


Unit = Callable[[Tx], T]


class SqliteStore:
    """The daemon's store in one SQLite file."""

    def __init__(self, path: Path, probe: Probe | None = None, *, memory: sqlite3.Connection | None = None) -> None:
        """Keep rows in this file; or in ``memory``: a connection, brought up to date, that its owner closes.

        There a commit waits for nothing, so it is done at once, on the loop: no threads, and time can be virtual.
        """
        self.path = path
        self._memory = memory
        self.commits = 0
        self.units = 0
        self.failing: str = ""  #: why the last commit failed; empty when it worked
        self._probe = probe
        self._took, self._ended = QUICK, 0.0  # of the last commit
        self._waiting: deque[tuple[Unit[Any], asyncio.Future[Any]]] = deque()
        self._busy = False
        self._closed = True
        self._writer: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="read")
        self._file = StoreFile(path)

    def open(self) -> None:
        """Take the file for this process alone, and bring its schema up to date."""
        if self._memory is not None:
            self._writer = self._memory
            self._closed = False
            return
        self._file.take()
        try:
            must_be_ours(self.path)  # before anything is written into it
            self._writer = self._file.connect()
            migrate(self._writer)
        except sqlite3.Error as error:
            raise StoreError(f"cannot open {self.path}: {error}") from error
        self._closed = False

    async def close(self) -> None:
        """Finish what waits, then let go of the file."""
        while self._busy or self._waiting:  # noqa: ASYNC110 -- once, at the end, for some milliseconds
            await asyncio.sleep(0.005)
        self._closed = True
        self._thread.shutdown()
        self._readers.shutdown()
        if self._writer is not None and self._memory is None:
            self._writer.close()
        self._writer = None
        self._file.let_go()

    def do(self, unit: Unit[T]) -> asyncio.Future[T]:
        """Run a unit; the result comes after its commit. Raises StoreError, or what the unit raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._closed:
            future.set_exception(StoreError("the store is closed"))
            return future
        self._waiting.append((unit, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._turn)
        return future

    async def read(self, unit: Unit[T]) -> T:
        """Run a reading unit on a connection of its own, in a thread."""
        if self._memory is not None:
            return unit(Tx(self._memory))  # between two turns no transaction is open

        def reading() -> T:
            try:
                db = sqlite3.connect(address(self.path, "ro"), uri=True, isolation_level=None)
                try:
                    db.execute("BEGIN")
                    return unit(Tx(db))
                finally:
                    db.close()
            except sqlite3.Error as error:
                raise StoreError(f"cannot read {self.path}: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._readers, reading)

    def _turn(self) -> None:
        """Run the waiting units in one transaction, then have the thread commit it."""
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_A_BATCH))]
        batch = [(unit, future) for unit, future in batch if not future.done()]
        # One kind after the other, each in its own order: what the processor has just used it uses again.
        batch.sort(key=_kind)
        if not batch:
            self._busy = bool(self._waiting)
            if self._busy:
                asyncio.get_running_loop().call_soon(self._turn)
            return
        try:
            done = self._run(batch)
            if self._memory is not None or self._is_quiet(batch):
                self._commit()
                commit = None
            else:
                commit = asyncio.get_running_loop().run_in_executor(self._thread, self._commit)
        except Exception as error:  # noqa: BLE001 -- whatever it is: who waits is told, and the next ones get their turn
            self._fail(batch, error)
            return
        self.units += len(batch)
        if commit is None:
            self._committed(batch, done, None)
            return
        commit.add_done_callback(lambda finished: self._committed(batch, done, finished.exception()))

    def _run(self, batch: list[tuple[Unit[Any], asyncio.Future[Any]]]) -> list[tuple[Any, BaseException | None]]:
        """Run all units. If one raises, roll back and run the others again without it: rare, and units may be."""
        if self._writer is None:
            self._writer = self._file.connect()
        db = self._writer
        tx, failed = Tx(db), dict[int, BaseException]()
        while True:
            db.execute("BEGIN IMMEDIATE")
            done: list[tuple[Any, BaseException | None]] = []
            for index, (unit, _) in enumerate(batch):
                if index in failed:
                    done.append((None, failed[index]))
                    continue
                try:
                    done.append((unit(tx), None))
                except Exception as error:
                    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
                        raise  # the disk is full, the file is damaged: nobody's unit can be kept
                    # A row that contradicts another is our defect; the sender may come again.
                    ours = isinstance(error, sqlite3.Error)
                    failed[index] = ContradictionError(f"the store refuses: {error}") if ours else error
                    break
            else:
                return done
            db.execute("ROLLBACK")

    def _is_quiet(self, batch: list[tuple[Unit[Any], asyncio.Future[Any]]]) -> bool:
        """Whether to commit on the loop: one unit after a pause, and a disk that answered at once the last time."""
        return len(batch) == 1 and self._took < QUICK and perf_counter() - self._ended > PAUSE

    def _commit(self) -> None:
        began = perf_counter()
        self._took = QUICK  # of a commit that fails nothing is known: the next one does not wait on the loop
        if self._probe:
            self._probe("before")
        assert self._writer is not None  # noqa: S101 -- a batch was run on it
        if self._memory is None:
            self._file.check()
        self._writer.execute("COMMIT")
        self._ended = perf_counter()
        self._took = self._ended - began
        if self._probe:
            self._probe("after")

    def _committed(
        self,
        batch: list[tuple[Unit[Any], asyncio.Future[Any]]],
        done: list[tuple[Any, BaseException | None]],
        error: BaseException | None,
    ) -> None:
        if error is not None:
            self._fail(batch, error)
            return
        self.commits += 1
        self.failing = ""
        for (_, future), (result, problem) in zip(batch, done, strict=True):
            if future.done():
                continue
            if problem is not None:
                future.set_exception(problem)
            else:
                future.set_result(result)
        # Those who were told go first: their next units join the next batch.
        asyncio.get_running_loop().call_soon(self._turn)

    def _fail(self, batch: list[tuple[Unit[Any], asyncio.Future[Any]]], error: BaseException) -> None:
        """Nothing of the batch happened. A fresh connection is made for the next one."""
        self.failing = str(error)
        if self._memory is not None:
            self._memory.rollback()  # to close it would lose everything
        elif self._writer is not None:
            try:
                self._writer.close()  # rolls back
            except sqlite3.Error:
                self.failing += " (and the connection could not be closed)"
            self._writer = None
        for _, future in batch:
            if not future.done():
                refused = error if isinstance(error, RemediatorError) else StoreError(f"the store refuses: {error}")
                future.set_exception(refused)
        asyncio.get_running_loop().call_soon(self._turn)


def _kind(waiting: tuple[Unit[Any], asyncio.Future[Any]]) -> str:
    return getattr(waiting[0], "__qualname__", "")


def migrate(db: sqlite3.Connection) -> None:
    """Apply the scripts that the file has not seen, each in a transaction of its own."""
    scripts = sorted(
        (entry for entry in files("remediator.store.migrations").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise StoreError(
            f"the store was written by a newer remediator (revision {version}, this one knows {len(scripts)})"
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        ours = f"PRAGMA user_version = {number};\nPRAGMA application_id = {OURS}"
        db.executescript(f"BEGIN IMMEDIATE;\n{script.read_text('utf-8')}\n{ours};\nCOMMIT;")
