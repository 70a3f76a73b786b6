"""Lesson 08's table of rules: a row for each, with what was measured and nothing else."""

from pruning_lab.lesson.beyond_magnitude.experiments import Removal
from pruning_lab.lesson.beyond_magnitude.table import KINDS, OF_CHANNELS, rules_table


def test_every_rule_has_a_row_with_its_own_number():
    names = [kind[0] for kind in KINDS if kind[0] != "SparseGPT"]
    removed = [Removal(name, 0.7, 0.1, None, 0.5 + number / 100, None) for number, name in enumerate(names)]
    shares = {("L1 norm", False): 0.25, ("L1 norm", True): 0.5, ("activation x weights", False): 0.75}
    photographs = [
        {"rule": rule, "fraction": 0.1, "mean kept": mean_kept, "same": [share] * 4}
        for (rule, mean_kept), share in shares.items()
    ]
    html = rules_table(removed, photographs, 0.02)
    assert html.count("<tr>") == 1 + len(KINDS) + len(OF_CHANNELS)
    assert all(f"accuracy {0.5 + number / 100:.3f}" in html for number in range(len(names)))
    assert "2 % of the error" in html
    kept = [html.index(f"{share:.2f} of answers ({share:.2f} to {share:.2f})") for share in shares.values()]
    assert kept == sorted(kept)
