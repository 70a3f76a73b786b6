"""Lesson 10: Amdahl's law, the density at which a kernel begins to pay, and a choice under a budget."""

import numpy as np

from pruning_lab.audit.verdicts import amdahl
from pruning_lab.lesson.frame.answers import likely_slip, number, require, told_apart
from pruning_lab.lesson.your_own_network.experiments import line_meets


def speedup(answer):
    """`my_speedup(share, faster)`: how many times as fast the network is when a share of its time is so much faster."""
    for share, faster in [(0.9, 3.0), (0.5, 2.0), (0.2, 10.0), (1.0, 4.0), (0.0, 5.0), (0.4, 0.5)]:
        got, right = number(answer(share, faster)), amdahl(share, faster)
        where = f"share {share:g}, {faster:g} times as fast"
        slips = {
            "that is the time that is left; the network is 1 / that many times as fast": 1 / right,
            "the rest of the network takes its time as before: 1 - share": faster / share if share else -1.0,
            "the pruned layers still take share / faster": 1 / (1 - share) if share < 1 else -1.0,
            "speeds do not add up; times do": share * faster + (1 - share),
        }
        due, given = told_apart(right, got)
        reason = likely_slip(lambda result, got=got: abs(got - result) < 1e-6, slips, f"{due}; got {given}")
        require(abs(got - right) < 1e-6, f"{where}: {reason}")


def crossing(answer):
    """`my_crossing(first, second, dense)`: the density at which a line through two (density, seconds) meets `dense`."""
    for first, second, dense in [
        ((0.15, 2.3), (0.4, 4.8), 3.4),
        ((0.1, 3.0), (0.3, 4.0), 2.75),
        ((0.2, 1.0), (0.4, 2.0), 3.0),
        ((0.5, 8.0), (0.25, 5.0), 6.2),
        ((0.1, 1.0), (0.4, 2.7), 1.9),
        ((0.1, 4.0), (0.3, 3.0), 3.6),  # a kernel that is faster with more weights: the line falls
        ((0.1, 3.0), (0.3, 4.0), 2.0),  # below 0: it never pays
        ((0.25, 1.0), (0.45, 2.0), 7.0),  # above 1: it always does
    ]:
        got = number(answer(first, second, dense))
        (low, fast), (high, slow) = first, second
        slope = (slow - fast) / (high - low)
        right = line_meets(first, second, dense)
        slips = {
            "the line does not begin at 0 seconds: without any weight a kernel still takes its time": dense / slope,
            "that is how far it is from the first density; add the first": right - low,
            "that is half way between the two; where on the line are `dense` seconds?": (low + high) / 2,
            "that is 1 - density, the sparsity": 1 - right,
        }
        due, given = told_apart(right, got)
        reason = likely_slip(lambda result, got=got: abs(got - result) < 1e-6, slips, f"{due}; got {given}")
        require(abs(got - right) < 1e-6, f"{first} and {second}, dense {dense}: {reason}")


def choice(answer):
    """`my_choice(accuracies, ratios, least)`: the place of the fastest that is accurate enough; -1 where none is."""
    accuracies, ratios = np.array([0.88, 0.70, 0.91, 0.90, 0.86, 0.93]), np.array([1.4, 3.0, 0.9, 1.9, 1.2, 1.0])
    for accurate, fast, least, right in [
        (accuracies, ratios, 0.85, 3),
        (accuracies, ratios, 0.90, 3),
        (accuracies, ratios, 0.60, 1),
        (np.array([0.90, 0.95, 0.60]), np.array([2.0, 1.5, 4.0]), 0.80, 0),
        (np.array([0.99, 0.85, 0.50]), np.array([1.9, 2.0, 5.0]), 0.80, 1),  # neither product nor sum decides
        (np.array([0.90, 0.92, 0.91]), np.array([0.5, 0.8, 0.7]), 0.90, 1),  # all slower than dense
        (np.array([0.50, 0.90, 0.80]), np.array([2.0, 2.0, 1.0]), 0.70, 1),  # as fast as one that is not good enough
        (np.array([0.8995, 0.95]), np.array([2.0, 1.0]), 0.90, 1),
        (np.array([0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.9]), np.arange(7, 0, -1.0), 0.80, 6),
        (accuracies, ratios, 0.95, -1),
    ]:
        got = number(answer(accurate, fast, least))
        if right == -1:
            require(got == right, f"least {least:g}: none is accurate enough, so return -1; got {got:g}")
            continue
        enough, more = accurate >= least, accurate > least
        slips = {
            "that one is the fastest of all, but not accurate enough": int(fast.argmax()),
            "an accuracy equal to the least is enough": int(np.where(more, fast, 0).argmax()) if more.any() else -1,
            "it is accurate enough, but another one that is accurate enough is faster": int(accurate.argmax()),
            "that is its place among those that are accurate enough, not among all": int(fast[enough].argmax()),
        }
        slips = {reason: place for reason, place in slips.items() if place != right}
        reason = likely_slip(got.__eq__, slips, f"place {right}; got {got:g}")
        require(got == right, f"accuracies {accurate.tolist()}, ratios {fast.tolist()}, least {least:g}: {reason}")
