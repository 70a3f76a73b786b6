"""What has been graded, in one SQLite file: a run that is killed goes on where it stopped."""

import hashlib
import json
import secrets
import sqlite3


class Ledger:
    """The marks of one assignment. A submission that has changed since, or whose tests have, is graded again.

    Args:
        path: the file; it is made where there is none.
        tests: {question: source}, to know marks of older tests by.
    """

    def __init__(self, path, tests):
        self.database = sqlite3.connect(path)
        self.database.execute("CREATE TABLE IF NOT EXISTS marks (student TEXT PRIMARY KEY, digest TEXT, marks TEXT)")
        self.database.execute("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT)")
        drawn = ("instances", str(secrets.randbits(32)))
        with self.database:
            self.database.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", drawn)
        self.tests = tests

    @property
    def instances(self):
        """The seed of the hidden instances: drawn once, the same for the whole class."""
        (value,) = self.database.execute("SELECT value FROM settings WHERE name = 'instances'").fetchone()
        return int(value)

    def digest(self, submission):
        """Return a hash of a submission together with the tests it is graded by."""
        content = json.dumps([submission, self.tests], sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def waiting(self, submissions):
        """Return those of {student: submission} that have no marks yet, or marks of something older."""
        done = dict(self.database.execute("SELECT student, digest FROM marks"))
        return {student: given for student, given in submissions.items() if done.get(student) != self.digest(given)}

    def save(self, student, submission, marks):
        """Keep one student's marks; they are on disk when this returns."""
        row = (student, self.digest(submission), json.dumps(marks))
        with self.database:
            self.database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", row)

    def forget(self, question):
        """Drop the marks of everybody who was asked `question`, so that it is graded again; return how many."""
        rows = self.database.execute("SELECT student, marks FROM marks").fetchall()
        asked = [(student,) for student, marks in rows if question in json.loads(marks)["questions"]]
        with self.database:
            self.database.executemany("DELETE FROM marks WHERE student = ?", asked)
        return len(asked)

    def all(self, students):
        """Return {student: marks} for these students, in their order."""
        rows = {
            student: json.loads(marks) for student, marks in self.database.execute("SELECT student, marks FROM marks")
        }
        return {student: rows[student] for student in students if student in rows}

    def close(self):
        """Close the file."""
        self.database.close()
