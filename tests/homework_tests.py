"""What the tests of every assignment share: names that a notebook defines, and the score of a question for them."""

import ast

import nbformat

from pruning_lab.homework import grading, release


class Here:
    """Stands for a sandbox: the answers are in this process."""

    def __init__(self, names):
        self.get = names.get


def graded(made, question, names):
    """Return the score of a question for {name: answer}, and the messages."""
    found = grading._score(grading._parsed(release.tests_of(made)[question]), Here(names))
    return found["score"], found["messages"]


def names_of(path):
    """Run the cells of a made notebook that define something; return what they define."""
    names = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "grader" not in cell.source:
            exec(cell.source, names)
    return names


def solution_of(assignment, source_of=None):
    """Return what the source notebook's solved cells define, or the source of one of them. Tests are left out."""
    names = {}
    for cell in nbformat.read(release.sources()[assignment], as_version=4).cells:
        defines = (
            [node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
            if (cell.cell_type == "code" and "TEST CONFIG" not in cell.source)
            else []
        )
        if source_of in defines:
            return cell.source
        if defines or (cell.cell_type == "code" and cell.source.startswith(("import", "from", "by_hand"))):
            exec(cell.source, names)
    return names


def wrong_answers(question, name, table):
    """Return cases of a test. A row of `table`: (answer, phrase in its feedback), and its score where that is not 0."""
    return [(question, name, answer, phrase, *(score or [0])) for answer, phrase, *score in table]
