"""What has been graded, in one SQLite file: a run that is killed goes on where it stopped."""

import contextlib
import hashlib
import json
import secrets
import sqlite3
import time
from pathlib import Path

from filelock import FileLock, Timeout

VERSION = 1  # of the tables; 0 is what came before it, with the same ones
TABLES = (
    "CREATE TABLE IF NOT EXISTS questions "
    "(student TEXT, question TEXT, digest TEXT, marks TEXT, PRIMARY KEY (student, question))",
    "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT)",
)
MARK = {"score", "points", "messages", "notes"}  # what a question's mark always has


@contextlib.contextmanager
def one_grader(folder, say=print):
    """Let one grader at a time work in a folder: the next one waits, and finds all that the first one did.

    A grader that is killed gives way at once.

    Args:
        folder: path, where marks are written.
        say: is called with a sentence before a wait.
    """
    lock = FileLock(Path(folder) / ".grading.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another grader is at work in {folder}; this one waits for it.")
        lock.acquire()
    with lock:
        lock.release()  # the one above; `with` holds its own
        yield


class Ledger:
    """The marks of one assignment, question by question.

    A question is graded again where the submission has changed since, or the question's tests have.

    Args:
        path: the file; it is made where there is none. One that is damaged, or was written by another version of this
            package, is set aside under another name.
        tests: {question: source}, so that marks of older tests are recognised.

    Attributes:
        set_aside: a sentence where that happened; empty elsewhere.
    """

    def __init__(self, path, tests):
        self.tests, self.set_aside = tests, ""
        try:
            self.database = _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not Path(path).is_file():
                raise OSError(f"{path} cannot be written: {error}") from error
            self.set_aside = _set_aside(Path(path), error)
            self.database = _opened(path)

    @property
    def instances(self):
        """The seed of the hidden instances: drawn once, the same for the whole class."""
        (value,) = self.database.execute("SELECT value FROM settings WHERE name = 'instances'").fetchone()
        return int(value)

    def digests(self, submission):
        """Return {question: hash of the submission together with the tests of the question}."""
        own = json.dumps(
            submission, sort_keys=True
        ).encode()  # ASCII: half a pair of a letter beyond 16 bits is no error
        return {
            question: hashlib.blake2b(own + source.encode(), digest_size=16).hexdigest()
            for question, source in self.tests.items()
        }

    def waiting(self, submissions):
        """Return {student: questions} without marks yet, or with marks of an older submission or older tests."""
        done = {(student, question, digest) for student, question, digest, _ in self._rows()}
        waiting = {
            student: [
                question for question, digest in self.digests(given).items() if (student, question, digest) not in done
            ]
            for student, given in submissions.items()
        }
        return {student: questions for student, questions in waiting.items() if questions}

    def _rows(self):
        """Yield (student, question, digest, mark) of all rows that can be read; the others are graded again."""
        for student, question, digest, text in self.database.execute("SELECT * FROM questions"):
            with contextlib.suppress(ValueError, TypeError):
                mark = json.loads(text)
                if isinstance(mark, dict) and mark.keys() >= MARK:
                    yield student, question, digest, mark

    def save(self, student, submission, marks):
        """Keep what `grading.grade` returned for one student; it is on disk when this returns."""
        digests = self.digests(submission)
        rows = [
            (student, question, digests[question], json.dumps({**mark, "notes": marks["notes"]}))
            for question, mark in marks["questions"].items()
        ]
        with self.database:
            self.database.executemany("INSERT OR REPLACE INTO questions VALUES (?, ?, ?, ?)", rows)

    def forget(self, question):
        """Drop everybody's marks of `question`, so that it alone is graded again; return how many there were."""
        with self.database:
            return self.database.execute("DELETE FROM questions WHERE question = ?", (question,)).rowcount

    def all(self, students):
        """Return {student: {question: mark}} for those of `students` with marks for every question, in their order."""
        found = {}
        for student, question, _, mark in self._rows():
            found.setdefault(student, {})[question] = mark
        whole = {student: found[student] for student in students if found.get(student, {}).keys() >= self.tests.keys()}
        return {student: {question: marks[question] for question in self.tests} for student, marks in whole.items()}

    def close(self):
        """Close the file."""
        self.database.close()


def _opened(path):
    """Return the database in a file, whole and of this version."""
    database = sqlite3.connect(path, timeout=60)
    try:
        _check(database)  # before anything is written: what is set aside stays as it was
        with database:
            for table in TABLES:
                database.execute(table)
            database.execute("INSERT OR IGNORE INTO settings VALUES ('instances', ?)", (str(secrets.randbits(32)),))
            database.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _check(database):
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok" or version not in (0, VERSION):
        raise sqlite3.DatabaseError(f"it is of version {version}" if state == "ok" else state)
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if "questions" in there:
        database.execute("SELECT student, question, digest, marks FROM questions LIMIT 1")
    if "settings" in there:
        seeds = database.execute("SELECT value FROM settings WHERE name = 'instances'").fetchall()
        if not all(str(seed).isdigit() for (seed,) in seeds):
            raise sqlite3.DatabaseError("the seed of its hidden instances is not a number")


def _set_aside(path, error):
    """Give a file and what SQLite keeps beside it another name; return a sentence about it."""
    away = path.with_name(f"{path.name}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")
    path.rename(away)
    for beside in ("-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + beside).rename(away.with_name(away.name + beside))
    return f"{path} could not be used ({error}). It is kept as {away.name}, and everybody is graded again."
