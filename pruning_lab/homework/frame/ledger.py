"""What has been graded, in one SQLite file: a run that is killed goes on where it stopped."""

import hashlib
import json
import secrets
import sqlite3


class Ledger:
    """The marks of one assignment, question by question.

    A question is graded again where the submission has changed since, or the question's tests have.

    Args:
        path: the file; it is made where there is none.
        tests: {question: source}, so that marks of older tests are recognised.
    """

    def __init__(self, path, tests):
        self.database = sqlite3.connect(path)
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS questions "
            "(student TEXT, question TEXT, digest TEXT, marks TEXT, PRIMARY KEY (student, question))"
        )
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

    def digests(self, submission):
        """Return {question: hash of the submission together with the tests of the question}."""
        own = json.dumps(submission, sort_keys=True).encode()
        return {
            question: hashlib.blake2b(own + source.encode(), digest_size=16).hexdigest()
            for question, source in self.tests.items()
        }

    def waiting(self, submissions):
        """Return {student: questions} without marks yet, or with marks of an older submission or older tests."""
        rows = self.database.execute("SELECT student, question, digest FROM questions")
        done = {(student, question, digest) for student, question, digest in rows}
        waiting = {
            student: [
                question for question, digest in self.digests(given).items() if (student, question, digest) not in done
            ]
            for student, given in submissions.items()
        }
        return {student: questions for student, questions in waiting.items() if questions}

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
        for student, question, mark in self.database.execute("SELECT student, question, marks FROM questions"):
            found.setdefault(student, {})[question] = json.loads(mark)
        whole = {student: found[student] for student in students if found.get(student, {}).keys() >= self.tests.keys()}
        return {student: {question: marks[question] for question in self.tests} for student, marks in whole.items()}

    def close(self):
        """Close the file."""
        self.database.close()
