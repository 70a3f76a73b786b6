"""An audit as a value: its numbers, its verdicts, and the ways to look at it and to keep it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pruning_lab.files import check_path, replacing

from . import page, verdicts
from .findings import Finding, selected

KIND, VERSION = "pruning_lab.audit", 1


@dataclass(frozen=True)
class Audit:
    """What `audit` found: `print` it, show it in a notebook, or take its numbers from `rows`.

    Attributes:
        findings: every number, as a `Finding`.
        facts: what it was measured on, with what, and how the seconds were spent.
        unseen: what was not looked at, and why; a line each.
    """

    findings: tuple[Finding, ...] = field(repr=False)
    facts: dict[str, Any]
    unseen: tuple[str, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every number as a dict: part, where, what, value, unit, low, high, level, batch."""
        return [finding._asdict() for finding in self.findings]

    @property
    def layers(self) -> list[str]:
        """The names of the layers, those that take most time first."""
        share = {f.where: f.value for f in selected(self.findings, "share")}
        names = [f.where for f in selected(self.findings, "size")]
        return sorted(names, key=lambda name: -share.get(name, 0.0))

    @property
    def verdict(self) -> list[str]:
        """The sentences on the whole network."""
        return list(verdicts.whole(self.findings, self.facts))

    def layer(self, name: str) -> list[str]:
        """Return the sentences on one layer.

        Raises:
            KeyError: the network has no such layer to prune.
        """
        if name not in self.layers:
            raise KeyError(f"name must be one of {self.layers}; got {name!r}")
        return list(verdicts.of_layer(self.findings, name, self.facts))

    def find(self, part: str, **wanted: object) -> list[Finding]:
        """Return the findings of a part whose attributes are those wanted: `find("product", where="fc1")`."""
        return selected(self.findings, part, **wanted)

    @property
    def conditions(self) -> str:
        """Where and how this was measured, in one line."""
        facts, spent = self.facts, sum(self.facts["seconds spent"].values())
        return (
            f"{facts['device']}, one thread, warm caches, batch {', '.join(map(str, facts['batch sizes']))}; "
            f"{spent:.0f} s spent, with a budget of {facts['seconds']:g} s for measuring"
        )

    def __str__(self) -> str:
        lines = [f"Audit of {self.facts['network']}: {self.conditions}", ""]
        lines += [f"- {sentence}" for sentence in self.verdict]
        lines += ["", "Layer by layer"]
        lines += [f"- {name}: {'; '.join(self.layer(name)) or 'nothing was measured'}." for name in self.layers]
        lines += ["", "Not looked at"] + [f"- {line}" for line in self.unseen]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return page.body(self)

    def to_html(self, path: Path | str) -> None:
        """Write one page that needs no other file: the verdicts, two figures with words for them, and the tables."""
        with replacing(path) as file:
            file.write(page.whole(self).encode())

    def save(self, path: Path | str) -> None:
        """Write everything as JSON."""
        content = {"kind": KIND, "version": VERSION, "facts": self.facts, "unseen": self.unseen, "rows": self.rows}
        with replacing(path) as file:
            file.write(json.dumps(content, indent=1).encode())

    @classmethod
    def load(cls, path: Path | str) -> "Audit":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is no audit, or damaged.
        """
        content = Path(check_path(path)).read_bytes()
        try:
            read = json.loads(content)
            if (read["kind"], read["version"]) != (KIND, VERSION):
                raise ValueError(f"kind {read['kind']!r}, version {read['version']!r}")
            return cls(tuple(Finding(**row) for row in read["rows"]), read["facts"], tuple(read["unseen"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"path must name a file written by Audit.save; got {path}: {error}") from error
