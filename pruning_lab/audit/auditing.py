"""The audit itself: what is measured, in which order, and for how long."""

import warnings
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pruning_lab.channels import ChannelGroups, channel_groups
from pruning_lab.channels.run import own_inputs
from pruning_lab.measure import one_thread, processor_name
from pruning_lab.progress import bar

from .arguments import batch_of, check_batches, check_calls, check_fractions, check_levels, check_network, check_seconds
from .budget import Budget
from .findings import Finding, selected
from .layers import layers_of, left_out_of
from .preparing import prepare
from .products import all_products, and_more, distinct
from .report import Audit
from .sensitivity import Evaluate, as_it_is, cuts_of, grid_of, sensitivities
from .single_groups import counted, timed_alone
from .storage import file_bytes, storage
from .structured import corrected, costs, network_times, smaller, zeroed
from .untouched import copied, first_line, same_random_state
from .watching import Watch, device_of, first_run, shares

SHARES, STORAGE, NETWORK, GROUPS, FILE = 0.1, 0.1, 0.25, 0.1, 0.05  # of the budget; the products get what is left
SLOWED = 1.25  # times as long as alone that a run takes while it is watched, from which on that is said
PROOFS = 12  # runs of the network that finding its groups and proving the smaller ones takes, about


def audit(
    model: nn.Module,
    example_inputs: Any,
    *,
    evaluate: Evaluate | None = None,
    sparsities: Iterable[float] = (0.5, 0.7, 0.9),
    groups: Iterable[float] = (0.25, 0.5),
    batch_sizes: Iterable[int] | None = None,
    seconds: float = 60,
    executor: Executor | None = None,
    path: Path | str | None = None,
) -> Audit:
    """Measure what each kind of pruning would save in this network, on this machine. Nothing is trained.

    Everything is done on a copy: the model stays as it is, bit for bit. Times are of one thread, with warm caches.
    Weights and channels are chosen by magnitude. Of accuracy nothing is said without `evaluate`.

    Args:
        model: nn.Module with at least one weight to prune.
        example_inputs: what to call it with: a tensor, a tuple of arguments, or a dict of keyword arguments.
        evaluate: function of a model that returns a number, such as its accuracy on validation data. It is called once
            for each layer and sparsity, each group of channels and fraction, with a copy in evaluation mode, without
            gradients. How many calls that is, and how long they will take, is printed before. They come on top of
            `seconds`.
        sparsities: fractions of each layer's weights to prune, in [0, 1].
        groups: fractions of every group of channels to cut, in [0, 1). By the largest, the three groups that save most
            are cut alone as well.
        batch_sizes: how many examples at once; None for as many as there are in the example.
        seconds: what the measurements may take. Where time is short there are fewer rounds, and what was not reached
            is said. Kernels are compiled before the clock starts.
        executor, path: for the calls of `evaluate`, as for `sweep.run`: a `concurrent.futures.Executor`, and a file
            from which an audit that was interrupted goes on.

    Returns:
        Audit: it prints its verdicts, shows itself in a notebook, and has every number in `.rows`.

    Raises:
        TypeError: `model` is not a module, `evaluate` not a function, or another argument of the wrong type.
        ValueError: a model without weights, with NaN in them, or that cannot be copied; inputs that it does not take
            (the message names the layer); a level outside [0, 1]; no seconds; an `evaluate` that raises, returns NaN
            or changes the model as it is.

    >>> found = audit(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8)), torch.ones(1, 64), seconds=2)
    >>> round(sum(row["value"] for row in found.rows if row["part"] == "share"), 6)
    1.0
    """
    check_network(model)
    sparsities, fractions = check_levels(sparsities, "sparsities"), check_fractions(groups)
    batches, seconds = check_batches(batch_sizes, example_inputs), check_seconds(seconds)
    check_calls(evaluate, executor, path)
    with same_random_state(), one_thread():
        work = _Auditing(model, example_inputs, sparsities, fractions, batches, seconds)
        if evaluate is not None:
            work.begin_evaluating(evaluate)
        work.measure()
        if evaluate is not None:
            work.evaluate(evaluate, executor, path)
        return work.report()


class _Auditing:
    """One audit on its way: the copy, what was found so far, and what was not looked at."""

    def __init__(self, model, example_inputs, sparsities, fractions, batches, seconds):
        self.original, self.model = model, copied(model)
        self.example_inputs, self.batches = own_inputs(example_inputs), batches
        self.sparsities, self.fractions, self.seconds = sparsities, fractions, seconds
        self.found: list[Finding] = []
        self.unseen = left_out_of(self.model)
        self.layers, self.same_as = layers_of(self.model), dict[str, str]()
        self.groups: ChannelGroups | None = None
        self.device, self.budget = device_of(self.model), Budget(seconds)

    def measure(self) -> None:
        """Measure everything that the budget allows, cheapest first."""
        prepare(torch.float64 if any(layer.weight.dtype == torch.float64 for layer in self.layers) else torch.float32)
        self.budget.start()
        with bar(total=7, desc="audit", unit="part") as progress:
            with self.budget.part("first run"):
                watch = first_run(self.model, self.example_inputs, self.device)
            for part, name in (
                (self._shares, "shares of the time"),
                (self._storage, "storage"),
                (self._structured, "whole channels"),
                (self._groups, "single groups"),
                (lambda: self._products(watch), "products of layers"),
                (self._file, "the saved file"),
            ):
                progress.update()
                progress.set_description(name)
                with self.budget.part(name):
                    part()

    def _shares(self):
        homes = [layer.module for layer in self.layers]
        labels = {layer.module: layer.name for layer in self.layers if homes.count(layer.module) == 1}
        self.found += shares(
            self.model, self.example_inputs, labels, self.budget, SHARES * self.seconds, batch_of(self.example_inputs)
        )

    def _storage(self):
        for layer in self.layers:
            self.found.append(
                Finding("size", layer.name, layer.kind, layer.weight.numel(), f"{tuple(layer.weight.shape)}")
            )
        found = storage(self.layers, self.sparsities, self.budget, STORAGE * self.seconds)
        self.found += found
        missing = len(self.layers) - len({finding.where for finding in found})
        if missing:
            self.unseen.append(f"bytes of the {missing} smallest layers: the budget did not reach them")

    def _file(self):
        for finding in file_bytes(copied(self.model), self.layers, self.sparsities):
            self.found.append(finding)
            if self.budget.left < 0 and finding.level != self.sparsities[-1]:
                self.unseen.append("the zipped file at the higher sparsities: the budget did not reach it")
                break

    def _structured(self):
        one_run = next(finding.value for finding in self.found if finding.part == "run")
        small: dict[float, nn.Module] = {}
        if PROOFS * one_run > NETWORK * self.seconds:
            self.unseen.append(
                f"channels: one run takes {one_run:.2g} s, and finding and proving the groups about {PROOFS} such runs"
            )
        else:
            small = self._shrunk()
        found, unseen = costs({0.0: self.model, **small}, self.example_inputs)
        self.found += found
        self.unseen += unseen
        self._time_networks(small)
        self._compare_watched()

    def _shrunk(self):
        try:
            with warnings.catch_warnings(action="ignore"):
                self.groups = channel_groups(self.model, self.example_inputs)
                self.found += counted(self.model, self.groups, self.fractions)
                small = self._smaller()
        except Exception as error:  # whatever a stranger's network meets: the rest of the audit goes on
            self.unseen.append(f"channels: {type(error).__name__}: {first_line(error)}")
            return {}
        alike: dict[str, list[tuple[str, str]]] = {}
        for name, why in self.groups.refused.items():
            alike.setdefault(why.partition(" in '")[0], []).append((name, why))
        for (name, why), *others in alike.values():
            self.unseen.append(f"channels of {name!r}{and_more(others)} stay whole: {why}")
        if not len(self.groups):
            self.unseen.append("channels: the network has no group of which some may go")
            return {}
        if names := corrected(small.values()):
            self.unseen.append(
                f"how fast smaller networks are once their code is rewritten: {names[0]!r}{and_more(names[1:])} "
                "names sizes that are corrected at each call, and these microseconds are in the times"
            )
        return small

    def _smaller(self):
        """Cut all groups, by the largest fraction first, and go on while the budget allows."""
        end, small = self.budget.left - NETWORK * self.seconds, dict[float, nn.Module]()
        for place, fraction in enumerate(reversed(self.fractions)):
            if small and self.budget.left < end:
                late = ", ".join(f"{left:g}" for left in self.fractions[: len(self.fractions) - place])
                self.unseen.append(f"cutting {late} of the channels: the budget did not reach it")
                break
            small = smaller(self.model, self.groups, [fraction]) | small
        return small

    def _time_networks(self, small):
        end = self.budget.left - NETWORK * self.seconds
        zeros, again = zeroed(self.model, self.layers, self.sparsities[-1]), copied(self.model)
        networks = {("dense", None): self.model, ("dense again", None): again}
        networks["zeros in place", self.sparsities[-1]] = zeros
        for place, batch in enumerate(self.batches):
            seconds = max(self.budget.left - max(end, 0), 0) / (len(self.batches) - place)
            try:
                found = network_times(networks, small, self.groups, self.example_inputs, seconds, batch)
            except Exception as error:  # a network that takes no other batch
                self.unseen.append(f"the network at batch {batch}: {first_line(error)}")
                continue
            self.found += found
            if not found or (small and not any(finding.what == "smaller against masked" for finding in found)):
                self.unseen.append(
                    f"the times of the network at batch {batch}: three rounds do not fit into the budget"
                )

    def _compare_watched(self):
        """Say so where the run whose parts were timed took longer than the network does alone."""
        [watched] = selected(self.found, "run")
        for dense in selected(self.found, "network", what="dense", batch=watched.batch):
            if watched.value > SLOWED * dense.value:
                self.unseen.append(
                    f"the shares of a run that nobody watches: it takes {dense.value / watched.value:.2f} of the time; "
                    "watching costs microseconds a module, and keeps torch from fusing some"
                )

    def _groups(self):
        if not self.groups or not selected(self.found, "network", what="smaller"):
            return
        names = [finding.where for finding in selected(self.found, "group", what="units")]
        with warnings.catch_warnings(action="ignore"):
            found = timed_alone(
                self.model, self.groups, names, self.fractions[-1], self.example_inputs,
                min(GROUPS * self.seconds, self.budget.left), self.batches[0],
            )  # fmt: skip
        self.found += found
        if not found:
            self.unseen.append("the times of single groups: three rounds do not fit into the budget")

    def _products(self, watch: Watch):
        share = {finding.where: finding.value for finding in self.found if finding.part == "share"}
        todo = distinct(self.model, self.layers, watch, share)
        found, late = all_products(
            todo, self.sparsities, self.batches, batch_of(self.example_inputs), self.budget, FILE * self.seconds
        )
        self.same_as = todo.same_as
        self.found += found
        self.unseen += todo.unseen + late
        narrow = {str(work.matrix.dtype) for _, work in todo.works if work.matrix.dtype.itemsize < 4}
        if narrow and self.device.type == "cpu":
            self.unseen.append(
                f"products in {', '.join(sorted(narrow))}: the kernels, and their dense rival, take float32"
            )

    def begin_evaluating(self, evaluate):
        """Evaluate the network as it is, before anything takes long."""
        with self.budget.part("evaluate"):
            value = as_it_is(evaluate, self.model, self.original)
        self.found.append(Finding("sensitivity", "", "as it is", value, "evaluate"))

    def evaluate(self, evaluate, executor, path):
        """Call `evaluate` for each layer and group at each level, having said how long that will take."""
        cuts = cuts_of(self.model, self.groups, self.fractions) if self.groups is not None else {}
        calls, each = (
            len(grid_of(self.layers, cuts, self.sparsities, self.model)),
            self.budget.spent.get("evaluate", 0.0),
        )
        print(f"evaluate: {calls} calls of about {each:.2g} s, {calls * each:.0f} s in one process")
        with self.budget.part("evaluate"):
            found, unseen = sensitivities(self.model, evaluate, self.layers, cuts, self.sparsities, executor, path)
        self.found += found
        self.unseen += unseen

    def report(self) -> Audit:
        """Return what was found."""
        if not any(finding.part == "sensitivity" for finding in self.found):
            self.unseen.append(
                "accuracy: nothing was evaluated, so nothing here says what a network is worth afterwards"
            )
        else:
            self.unseen.append("retraining: every number that evaluate gave is from before it")
        facts = {
            "network": type(self.model).__name__,
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else processor_name(),
            "threads": 1,
            "torch": torch.__version__,
            "NumPy": np.__version__,
            "batch sizes": list(self.batches),
            "seconds": self.seconds,
            "seconds spent": {name: round(spent, 2) for name, spent in self.budget.spent.items()},
            "measured on": self.same_as,
        }
        return Audit(tuple(self.found), facts, tuple(self.unseen))
