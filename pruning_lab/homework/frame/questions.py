"""What an assignment asks, read from its solved notebook."""

import json
import re
from typing import NamedTuple

HEADING = re.compile(r"### (\d{1,3})\. (.{1,200}?) \((\d{1,3}) points")  # bounded: students write cells as well
BEGIN, END = "<!-- BEGIN QUESTION -->", "<!-- END QUESTION -->"


class WrittenQuestion(NamedTuple):
    """A question that a person reads: its points, its heading, and the text below: rubric or answer."""

    points: int
    heading: str
    text: str


def written_questions(cells):
    """Return {"q6": WrittenQuestion} of the questions in a notebook that a person reads.

    Args:
        cells: of a notebook as JSON. The text is the student's answer in a submission, the rubric in the solution.
    """
    found, name = {}, None
    for cell in cells:
        source = "".join(cell["source"]).strip()
        if source.startswith(BEGIN):
            heading = HEADING.search(source)
            name = heading and f"q{heading[1]}"
            if name:
                found[name] = int(heading[3]), source.removeprefix(BEGIN).strip(), []
        elif source.startswith(END):
            name = None
        elif name:
            found[name][2].append(source)
    return {
        name: WrittenQuestion(points, heading, "\n\n".join(text)) for name, (points, heading, text) in found.items()
    }


class Questions:
    """What an assignment asks.

    Args:
        solution: path of the solved notebook.

    Attributes:
        name: of the assignment.
        written: as `written_questions` returns it; the text of each is its rubric.
        titles: {question: its heading}.
    """

    def __init__(self, solution):
        cells = json.loads(solution.read_text(encoding="utf-8"))["cells"]
        self.name, self.written = solution.stem, written_questions(cells)
        found = (HEADING.search("".join(cell["source"])) for cell in cells if cell["cell_type"] == "markdown")
        self.titles = {f"q{heading[1]}": heading[2] for heading in found if heading}

    def title(self, question):
        """Return "1. Exactly so many" for "q1"; a question without a heading keeps its name."""
        known = self.titles.get(question)
        return f"{question.removeprefix('q')}. {known}" if known else question
