"""The claims held against this machine: what still holds, what a changed kernel changes, what could not be measured."""

import platform
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from pruning_lab import lesson
from pruning_lab.command import main
from pruning_lab.command import verify as command
from pruning_lab.lesson.frame import verify
from pruning_lab.lesson.frame.lessons import lessons

START = """import time
import numpy as np
from pruning_lab import kernels, measure
from pruning_lab.sparse import CSR

weight = np.where(np.arange(256 * 256).reshape(256, 256) % 10, 0, 1).astype(np.float32)
csr, x = CSR.from_dense(weight), np.ones(256, np.float32)
"""
SLOW = """fast = kernels.csr_matvec
kernels.csr_matvec = lambda csr, x: (time.sleep(0.05), fast(csr, x))[1]
"""
TIMED = """ways = {"loops": lambda: [sum(row) for row in weight], "sparse": lambda: kernels.csr_matvec(csr, x)}
timed = measure.compare(ways, repeats=5)
print(f"times as fast as loops: {timed['sparse'].ratio:.1f}")"""
SAME = "assert np.array_equal(kernels.csr_matvec(csr, x), weight @ x)\nprint(csr.nnz, 'weights, the same sums')"


class Small(NamedTuple):
    """What `findings` needs of a lesson."""

    number: str
    notebook: Path
    claims: Path


@pytest.fixture
def small(tmp_path):
    """A function that writes a lesson of a few cells, {name: (source, printed)}, and of claims, {evidence: rest}."""

    def write(cells, claims, count=1):
        notebook = nbformat.v4.new_notebook()
        for name, (source, printed) in cells.items():
            outputs = [nbformat.v4.new_output("stream", text=printed)]
            cell = nbformat.v4.new_code_cell(source, id=name, execution_count=count, outputs=outputs)
            notebook.cells.append(cell)
        nbformat.write(notebook, tmp_path / "77-small.ipynb")
        rows = [
            f'[[claim]]\nid = "{name}"\nstatement = "{name} < x"\nsources = ["a"]\nevidence = "{name}"\n'
            f'{rest}\nlimits = "l"\nreviewed = 2026-11-30\n'
            for name, rest in claims.items()
        ]
        (tmp_path / "claims.toml").write_text("\n".join(rows), encoding="utf-8")
        return Small("77", tmp_path / "77-small.ipynb", tmp_path / "claims.toml")

    return write


def by_name(found):
    return {finding.claim: finding for finding in found}


def test_a_slow_kernel_changes_the_claim_about_time_alone(small):
    cells = {
        "start": (START + SLOW, ""),
        "timed": (TIMED, "times as fast as loops: 99.0"),
        "same": (SAME, "6,554 weights, the same sums"),
        "behind": ("while True: pass  # nothing runs behind the last evidence", ""),
    }
    between = 'figure = "as loops: {times as fast}"\nbetween = { "times as fast" = [1, 1e9] }\nprocessors = ["any"]'
    made = small(cells, {"timed": between, "same": 'figure = "{weights} weights, the same sums"'})
    found = by_name(verify.findings(made))
    assert {name: finding.verdict for name, finding in found.items()} == {"timed": "differs", "same": "holds"}
    assert found["timed"].course == "times as fast: 99.0"
    assert found["timed"].here.startswith("times as fast: 0.")
    assert found["timed"].why == "times as fast must be in 1 to 1e+09"
    assert (found["same"].course, found["same"].here) == ("weights: 6,554", "weights: 6554")


UNSTEADY = "faster: 1.09 (0.44 to 3.45) is partly outside 0.8 to 1.2: too unsteady a run to say"


@pytest.mark.parametrize(
    ("printed", "verdict", "why"),
    [
        ("1.01 (0.98 to 1.03)", "holds", ""),
        ("1.09 (0.44 to 3.45)", "not measured here", UNSTEADY),
        ("2.00 (1.90 to 2.10)", "differs", "faster must be in 0.8 to 1.2"),
        ("1.1", "holds", ""),
        ("1.3", "differs", "faster must be in 0.8 to 1.2"),
    ],
)
def test_a_figure_about_time_holds_only_with_its_whole_spread(small, printed, verdict, why):
    cells = {"timed": (f"print({printed!r}, 'times')", f"{printed} times")}
    (finding,) = verify.findings(
        small(cells, {"timed": 'figure = "{faster} times"\nbetween = { faster = [0.8, 1.2] }'})
    )
    assert (finding.verdict, finding.why, finding.here) == (verdict, why, f"faster: {printed}")


def test_what_does_not_hold_and_what_cannot_be_measured_say_why(small):
    cells = {
        "engine": ("import an_engine_that_nobody_has as engine", ""),
        "right": ("assert 1 + 1 == 3", "2 sums"),
        "said": ("print('4 sums')\nassert not True, 'four are too many'", "2 sums"),
        "needs": ("engine.run()", "2 sums"),
        "before": ("print('2 sums')", "2 sums"),
        "elsewhere": ("print('3 sums')", "2 sums"),
        "other": ("print('nothing')", "2 sums"),
        "guess": ("raise ValueError(\"answer must be 'a', as keys.toml has it; got 'b'\")", ""),
    }
    claims = dict.fromkeys(cells, 'figure = "{sums} sums"')
    claims["before"] += '\nbeforehand = "room.measure_again part"'
    claims["elsewhere"] += '\nprocessors = ["another"]'
    found = by_name(verify.findings(small(cells, claims)))
    unable = "the cell engine could not run: ModuleNotFoundError: No module named 'an_engine_that_nobody_has'"
    long = "it takes too long for a lesson; `python -m room.measure_again part` measures it, in a clone"
    assert {name: (finding.verdict, finding.why) for name, finding in found.items()} == {
        "engine": (verify.NOT_HERE, unable),
        "right": (verify.DIFFERS, "the cell right says: assert 1 + 1 == 3"),
        "said": (verify.DIFFERS, "the cell said says: four are too many"),
        "needs": (verify.NOT_HERE, unable),
        "before": (verify.NOT_HERE, long),
        "elsewhere": (verify.NOT_HERE, f"claimed for another; this is {platform.machine()}"),
        "other": (verify.DIFFERS, "the cell prints something else"),
        "guess": (verify.DIFFERS, "the cell guess says: answer must be 'a', as keys.toml has it; got 'b'"),
    }
    assert (found["said"].course, found["said"].here) == ("sums: 2", "sums: 4")
    assert found["before"].course != found["before"].here == ""
    assert verify.summary(found.values()) == "0 hold, 4 differ, 4 were not measured here."


def test_several_runs_show_their_spread_and_a_notebook_run_again_no_figure_of_the_course(small):
    made = small({"one": ("import os\nprint(os.getpid(), 'is me')", "1 is me")}, {"one": 'figure = "{me} is me"'}, 3)
    (finding,) = verify.findings(made, runs=2)
    one, other = finding.here.split(" | ")
    assert one != other
    assert (finding.verdict, finding.course) == (verify.HOLDS, verify.NOT_KNOWN)


FOUND = [
    verify.Finding("01", "a", "1 < 2", verify.HOLDS, "one 1.0", "one 1.1", ""),
    verify.Finding("01", "b", "2 < 1", verify.DIFFERS, "two 2.0", "", "it is not"),
]


def test_a_claim_holds_if_it_held_each_time():
    merged = verify._merged([FOUND[0], FOUND[0]._replace(verdict=verify.DIFFERS, here="one 0.9", why="too low")])
    assert (merged.verdict, merged.here, merged.why) == (verify.DIFFERS, "one 1.1 | one 0.9", "1 of 2 runs: too low")


def test_the_command_says_what_differs_and_writes_a_page(monkeypatch, capsys, tmp_path):
    asked = []
    monkeypatch.setattr(command.verify, "findings", lambda lesson, runs: asked.append((lesson.number, runs)) or FOUND)
    assert main(["verify", "01", "--runs", "2", "--html", str(tmp_path / "page.html")]) == 1
    said = capsys.readouterr().out
    assert "01 differs: 2 < 1\n     course  two 2.0\n     why     it is not\n" in said
    assert said.endswith("1 hold, 1 differ, 0 were not measured here.\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "01 1 &lt; 2" in page
    assert '<td style="text-align:left">it is not</td>' in page
    assert asked == [("01", 2)]
    main(["verify"])
    assert [number for number, _ in asked[1:]] == [each.number for each in lessons()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["77"], "lesson must be the number of a lesson"), (["01", "--runs", "0"], "runs must be 1 or more; got 0")],
)
def test_the_command_refuses_what_it_cannot_run(capsys, arguments, said):
    assert main(["verify", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_what_runs_notebooks_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(verify, "find_spec", lambda name: None)
    assert main(["verify", "01"]) == 2
    assert capsys.readouterr().err == verify.NEEDS + "\n"


def test_a_learner_sees_the_table_of_the_lesson_that_was_started(monkeypatch, attended):
    pages, asked = [], []
    monkeypatch.setattr(verify, "current", lambda: "03")
    monkeypatch.setattr(verify, "findings", lambda lesson, runs: asked.append(lesson.number) or FOUND)
    monkeypatch.setattr(verify, "display", lambda page: pages.append(page.data))
    lesson.verify()
    assert asked == ["03"]
    assert "1 hold, 1 differ, 0 were not measured here. Here: " in pages[0]


def test_an_unattended_run_runs_no_lesson_within_a_lesson(monkeypatch, capsys):
    monkeypatch.setattr(verify, "findings", lambda *_: 1 / 0)
    lesson.verify("01")
    assert capsys.readouterr().out == "This cell runs the lesson's claims on your machine.\n"
