"""What a class has handed in."""

from pruning_lab.homework.frame.submissions import read_submissions


def test_nobody_is_left_out_in_silence(tmp_path):
    for name in ("ann.ipynb", "fay.txt", ".DS_Store", "gus.ipynb"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "gus").mkdir()
    (tmp_path / "gus" / "b.ipynb").write_text("{}")
    class_ = read_submissions(tmp_path)
    assert {student: sorted(files) for student, files in class_.items()} == {
        "ann": ["ann.ipynb"],
        "fay": ["fay.txt"],
        "gus": ["b.ipynb", "gus.ipynb"],
    }
