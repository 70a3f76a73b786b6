"""A sample of sabotages is asked of lessons, claims and homework; whose control fails is not asked."""

import os
from concurrent.futures import ProcessPoolExecutor
from types import SimpleNamespace

import pytest

from knockouts import in_lessons, sample, table
from knockouts.children import Failed, Job, at_once
from knockouts.explained import SAMPLE
from knockouts.notebooks import Notebook, Ran, watchers
from knockouts.results import Results, Row
from knockouts.sabotages import NOTHING

RESULTS = Results()
SAMPLED = [row for row in RESULTS.rows if row.kind in ("lessons", "claims")]


def test_who_is_asked_notices_nothing_where_nothing_is_wrong():
    noticed = {row.where: row.noticed for row in RESULTS.controls()}
    assert {noticed.get(row.where.partition(": ")[0], "no control") for row in SAMPLED} == {""}


def test_a_function_and_a_claim_are_asked_once_and_by_the_seed():
    keys = [in_lessons.key_of(row) for row in SAMPLED]
    assert len(keys) == len(set(keys))
    sabotages = in_lessons.by_function(table.pairs())
    about = {row: row.function for row in SAMPLED if row.kind == "lessons"}
    about |= {row: f"{row.where.partition(': ')[2]} {row.function}" for row in SAMPLED if row.kind == "claims"}
    drawn = {row: in_lessons.one_of(sabotages[row.function], words).name for row, words in about.items()}
    assert [row for row, name in drawn.items() if row.sabotage != name] == []


def test_what_the_sample_does_not_notice_is_explained():
    silent = {(row.function, row.sabotage, row.where) for row in SAMPLED if not row.noticed}
    assert silent == SAMPLE.keys()
    assert min(map(len, SAMPLE.values()), default=40) >= 40


def test_an_interval_is_wilsons():
    low, high = sample.interval(81, 263)  # Newcombe 1998, table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert sample.interval(0, 20)[0] == 0


def traced(*calls):
    """What is known of a notebook of some cells: the functions that each calls, and that each takes ten seconds."""
    return [
        {"id": f"cell{n}", "calls": each, "printed": "", "error": "", "seconds": 10} for n, each in enumerate(calls)
    ]


def test_a_function_is_asked_from_the_first_cell_on_that_calls_it():
    cells = traced([], ["masks.sparsity_of"], ["masks.mask_global", "masks.sparsity_of"])
    wanted = table.pairs(["masks.sparsity_of", "masks.mask_blocks"])
    (question,) = in_lessons.drawn("hw1-masks", cells, wanted)
    assert (question.function, list(question.cells), question.claim) == ("masks.sparsity_of", [1, 2], "")
    assert in_lessons.drawn("hw1-masks", cells, wanted) == [question]  # drawn, not thrown


@pytest.mark.parametrize(
    ("calls", "cells"),
    [
        ([["masks.mask_global"], ["masks.sparsity_of"]], [1]),
        ([["masks.sparsity_of"], ["plots.show"], []], [0, 1, 2]),
        ([["plots.show"]], None),
    ],
    ids=["its own cell calls", "a cell above calls", "nobody calls but for a picture"],
)
def test_a_claim_is_asked_from_the_nearest_cell_on_that_calls_something(monkeypatch, calls, cells):
    monkeypatch.setattr(in_lessons, "claims_of", lambda name: [{"id": "half", "evidence": f"cell{len(calls) - 1}"}])
    found = in_lessons.drawn_for_claims("lesson 01", traced(*calls), in_lessons.by_function(table.pairs()))
    assert [(list(each.cells), each.where) for each in found] == ([(cells, "lesson 01: half")] if cells else [])


class Told:
    """Stands for a notebook: what its cells print, or the error of one."""

    def __init__(self, *printed, compared=True, name="lesson 01"):
        self.printed, self.compared, self.watcher = printed, compared, watchers()[name]

    def serve_pools(self):
        """There are none."""

    def run(self, place):
        printed = self.printed[place]
        return Ran("", printed, 1) if printed.endswith("Error") else Ran(printed, "", 1)

    def is_compared(self, place):
        return self.compared


def asked_of(notebook, kind="lessons", printed=""):
    """Ask a notebook whose cells usually print one thing; return (how many, which, how)."""
    usual = [{**cell, "printed": printed} for cell in traced(*[[]] * len(notebook.printed))]
    question = in_lessons.Question(kind, "", NOTHING, notebook.watcher.name, range(len(usual)))
    return in_lessons.first_to_notice(notebook, usual, question)


def test_a_forked_process_does_the_work_of_a_pool_itself():
    cells = {"pool": ProcessPoolExecutor(1), "count": 1}
    Notebook.serve_pools(SimpleNamespace(shell=SimpleNamespace(user_ns=cells)))
    assert cells["pool"].submit(os.getpid).result() == os.getpid()
    assert cells["count"] == 1


def test_a_notebook_notices_by_the_first_cell_that_does_otherwise():
    assert asked_of(Told("", "0.7", "AssertionError")) == (2, "cell1", "prints something else")
    assert asked_of(Told("", "0.7", "AssertionError", compared=False)) == (3, "cell2", "AssertionError")
    assert asked_of(Told("", "0.7", "AssertionError"), "claims") == (3, "cell2", "AssertionError")
    assert asked_of(Told(*[""] * 5)) == (3, "", "")  # 30 seconds are over


def test_a_control_fails_by_an_error_that_is_always_there_and_by_points_lost():
    usual = traced([])
    usual[0]["error"] = "ValueError"
    question = in_lessons.control("lesson 01", usual)._replace(cells=range(1))
    assert in_lessons.first_to_notice(Told("ValueError"), usual, question) == (1, "cell0", "ValueError")
    lost = asked_of(Told("q1 results: failed", name="hw1-masks"), "controls", "q1 results: failed")
    assert lost == (1, "cell0", "a right answer loses points")
    assert asked_of(Told("All test cases passed!", name="hw1-masks"), "controls", "All test cases passed!")[1] == ""


def test_a_notebook_whose_control_fails_is_not_asked(monkeypatch, tmp_path):
    cells = traced([], ["masks.sparsity_of"])
    monkeypatch.setattr(
        in_lessons, "traced", lambda names, workers: {"hw1-masks": cells, "hw2-storage": cells[:] + cells}
    )
    shown = []

    def ask(name, cells, questions, results, workers):
        shown.extend((name, question.kind) for question in questions)
        for question in questions:
            results.add(in_lessons.row_of(question, (1, "cell1" if name == "hw1-masks" else "", "otherwise")))

    monkeypatch.setattr(in_lessons, "ask", ask)
    in_lessons.ask_all(table.pairs(["masks.sparsity_of"]), Results(tmp_path / "results.jsonl"), 1)
    assert shown == [("hw1-masks", "controls"), ("hw2-storage", "controls"), ("hw2-storage", "lessons")]


def test_claims_that_stop_are_told_apart():
    rows = [Row("f", "s", "claims", *rest) for rest in [(1, 1, "a", "AssertionError"), (1, 1, "a", "KeyError")]]
    rows += [Row("f", "s", "claims", 1, 2, "a", "AssertionError"), Row("f", "s", "claims", 1, 1, "", "")]
    assert list(sample.how_claims_stop(rows).values()) == [1, 1, 1]
    assert sample.noticed(rows).startswith("3 of 4: 75%, 95 % interval 30% to 95%")


def test_a_cell_notices_by_its_error_or_by_what_it_prints():
    usual = {"printed": "0.5", "error": ""}
    assert in_lessons.differs(Ran("0.5", "", 1), usual, True) == ""
    assert in_lessons.differs(Ran("0.7", "", 1), usual, True) == "prints something else"
    assert in_lessons.differs(Ran("0.7", "", 1), usual, False) == ""
    assert in_lessons.differs(Ran("", "AssertionError", 1), usual, False) == "AssertionError"
    assert in_lessons.differs(Ran("0.5", "", 1), usual | {"error": "ValueError"}, False) == "no error"


class Silent:
    """Stands for a notebook whose cells need nothing."""

    def __init__(self, watcher):
        self.watcher = watcher

    def run(self, place):
        return Ran("", "", 0)


def test_who_only_waits_has_not_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(in_lessons, "Notebook", Silent)
    answers = iter([Failed("no end within 9 s", hung=True), Failed("the process died", hung=False)])
    monkeypatch.setattr(in_lessons, "at_once", lambda jobs, workers: [(job.key, next(answers)) for job in jobs])
    results = Results(tmp_path / "results.jsonl")
    cells = traced([], ["masks.sparsity_of"])
    questions = in_lessons.drawn("hw1-masks", cells, table.pairs(["masks.sparsity_of"])) * 2
    in_lessons.show(watchers()["hw1-masks"], cells, questions, results, 1)
    assert [row.noticed for row in results.rows] == ["hw1-masks, the process itself"]


def busy():
    while True:
        pass


def test_a_job_that_works_for_too_long_is_killed_before_its_limit():
    assert dict(at_once([Job("busy", busy, 600, cpu=-4)], workers=1)) == {
        "busy": Failed("the process died", hung=False)
    }
