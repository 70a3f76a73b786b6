"""Lesson 07's task, definition in and word out, and four ways to measure what is left of a network on it."""

from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pruning_lab import data, models

NEAREST = 10
FOLDS = 5
RIDGE = 0.3  # the best of 0.1, 0.3, 1 and 3 on the whole network's embeddings, and left alone since
RESAMPLES = 2000

nouns = cache(data.definitions)


class Embeddings(NamedTuple):
    """What a network makes of the task: `glosses` and `words`, each (nouns, dim), rows of length 1."""

    glosses: Tensor
    words: Tensor


class Scores(NamedTuple):
    """What is left of a network: a number for each noun, float32 (nouns,); each measure's value is its mean.

    Attributes:
        found: 1 where the word nearest to the definition is the right one.
        neighbours: of a definition's ten nearest definitions, the share that were so in the whole network too.
        refit: 1 where a classifier fitted on these embeddings names the noun's class.
        old: 1 where the classifier fitted on the whole network's embeddings does.
    """

    found: Tensor
    neighbours: Tensor
    refit: Tensor
    old: Tensor


def embeddings(model):
    """Return the Embeddings of the task's definitions and words. (About five seconds for a whole MiniLM.)"""
    return Embeddings(models.embed(model, nouns().glosses), models.embed(model, nouns().words))


def score(made, whole):
    """Return the Scores of a network.

    Args:
        made: its Embeddings. whole: those of the network before it was pruned.
    """
    classes = nouns().classes
    return Scores(
        found(made),
        neighbours_kept(made.glosses, whole.glosses),
        classified(made.glosses, made.glosses, classes),
        classified(whole.glosses, made.glosses, classes),
    )


def found(made):
    """Return 1 for each noun whose word is nearer to its definition than all other words, else 0."""
    return (nearness(made).argmax(1) == torch.arange(len(made.words))).float()


def nearness(made):
    """Return the cosine of each definition, a row, with each word, a column."""
    return made.glosses @ made.words.T


def one_of_each(whole, thinned):
    """Return three nouns by number, each the first of its kind: found by both networks, lost, found by neither.

    Args:
        whole, thinned: Embeddings.
    """
    before, now = found(whole).bool(), found(thinned).bool()
    return [int(which.nonzero()[0]) for which in (before & now, before & ~now, ~before & ~now)]


def nearest(rows, k=NEAREST):
    """Return the k nearest other rows of each row, int64 (rows, k)."""
    return (rows @ rows.T).fill_diagonal_(-torch.inf).topk(k).indices


def neighbours_kept(rows, whole, k=NEAREST):
    """Return for each row the share of its k nearest rows that are among the k nearest in `whole`, too.

    >>> corners = torch.eye(4)
    >>> neighbours_kept(corners, corners, k=2).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    same = nearest(rows, k)[:, :, None] == nearest(whole, k)[:, None, :]
    return same.any(2).float().mean(1)


def classified(fitted_on, read, classes):
    """Return 1 for each row that a linear classifier gives its class, else 0; no row is in its own classifier's data.

    Args:
        fitted_on: rows that the classifier learns from. read: what it then reads.
        classes: int64, the class of each row.
    """
    wanted = F.one_hot(classes).to(fitted_on.dtype)
    right = torch.zeros(len(classes))
    for fold in range(FOLDS):
        held = torch.arange(len(classes)) % FOLDS == fold
        weight, bias = _ridge(fitted_on[~held], wanted[~held])
        right[held] = ((read[held] @ weight + bias).argmax(1) == classes[held]).float()
    return right


def _ridge(rows, wanted):
    """Return the weight (dim, classes) and the bias of a linear regression whose weights are held small."""
    mean, level = rows.mean(0), wanted.mean(0)
    centred = rows - mean
    gram = centred.T @ centred + RIDGE * torch.eye(rows.shape[1])
    weight = torch.linalg.solve(gram, centred.T @ (wanted - level))
    return weight, level - mean @ weight


def interval(values):
    """Return the middle 95 % of the means that other draws of as many nouns would give (bootstrap).

    Args:
        values: float32 (nouns,), a number for each noun, or the difference of two.

    Returns:
        (low, high).

    >>> low, high = interval(torch.arange(100.0))
    >>> low < 49.5 < high
    True
    """
    means = _draws(len(values)) @ values / len(values)
    low, high = means.quantile(torch.tensor([0.025, 0.975])).tolist()
    return low, high


@cache
def _draws(count):
    """Return how often each of `count` nouns is in each resample, float32 (resamples, count)."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(count, (RESAMPLES, count), generator=generator)
    return torch.zeros(RESAMPLES, count).scatter_add_(1, drawn, torch.ones(RESAMPLES, count))
