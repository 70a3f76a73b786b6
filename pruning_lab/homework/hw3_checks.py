"""hw3-shrinking: how answers are checked, with a message for each usual mistake.

Points, texts, solutions and hidden tests stand in notebooks/homework/hw3-shrinking.ipynb.

A network is a dict of arrays. It is run here, in float64, so that a wrong shape is told from a wrong function.
"""

import numpy as np
import torch
import torch.nn.functional as F

from pruning_lab.homework.frame.answers import answered
from pruning_lab.homework.frame.nets import CLOSE, asked_net, check_same, check_shapes, draw
from pruning_lab.homework.frame.values import numbers

STATISTICS = ("mean", "var", "weight", "bias")


def check_pair(answer, rng):
    """`my_shrunk_pair(net, keep)`: the pair with only some channels between its convolutions."""
    for inputs, inside, outputs, keep in [
        (4, 5, 6, [0, 3, 4]),
        (3, 3, 3, [1]),
        (2, 6, 4, [0, 1, 2, 3, 4, 5]),
        (2, 4, 3, [1, 2]),
    ]:
        net, x = draw(rng, _pair_shapes(inputs, inside, outputs)), rng.standard_normal((2, inputs, 5, 5))
        where = f"{inside} channels inside, {keep} kept"
        got = asked_net(answer, "my_shrunk_pair", net, keep)
        axes = {name: (len(keep), None) for name in net if name.startswith(("conv1", "bn1"))}
        check_shapes(got, net, axes | {"conv2": (None, len(keep))}, where)
        others = [index for index in range(inside) if index not in keep]
        gone = _run_pair(_masked_pair(net, others), x)
        assert len(others) != len(keep) or not np.allclose(_run_pair(got, x), gone, **CLOSE), (
            f"{where}: the channels of keep went, and the others stayed"
        )
        check_same(
            _run_pair(got, x), _run_pair(_masked_pair(net, keep), x), where, "the right shapes, the wrong channels"
        )


def check_masked(answer, rng):
    """`my_masked_pair(net, keep)`: the same shapes as before, the same function as the shrunk pair."""
    for inputs, inside, outputs, keep in [(4, 5, 6, [0, 3, 4]), (3, 3, 3, [1]), (2, 4, 4, [2, 3])]:
        net, x = draw(rng, _pair_shapes(inputs, inside, outputs)), rng.standard_normal((2, inputs, 5, 5))
        net["bn1_bias"] += 3  # a silenced channel is heard again once it is normalised
        where = f"{inside} channels inside, {keep} kept"
        got = asked_net(answer, "my_masked_pair", net, keep)
        check_shapes(got, net, {}, where)
        result, right = _run_pair(got, x), _run_pair(_masked_pair(net, keep), x)
        if np.allclose(result, right, **CLOSE):  # now and then a slip computes the same
            continue
        assert not np.allclose(result, _run_pair(net, x), **CLOSE), f"{where}: nothing is masked yet"
        others = [index for index in range(inside) if index not in keep]
        other_way = _run_pair(_masked_pair(net, others), x)
        assert not np.allclose(result, other_way, **CLOSE), (
            f"{where}: the kept channels are silent, and the others are not"
        )
        naive = {**net, "conv1": _masked_rows(net["conv1"], keep)}
        assert not np.allclose(result, _run_pair(naive, x), **CLOSE), (
            f"{where}: conv1 returns 0 for the others, batch norm turns that into a constant, and conv2 adds it up"
        )
        scaled = {**naive, "bn1_weight": _masked_rows(net["bn1_weight"], keep)}
        assert not np.allclose(result, _run_pair(scaled, x), **CLOSE), (
            f"{where}: batch norm still adds its bias to the silent channels"
        )
        check_same(
            result, right, where, "kept channels must stay as they are, and none of the others may reach conv2's sums"
        )


def check_block(answer, rng):
    """`my_shrunk_block(net, keep_inside, keep_stream)`: both convolutions and both batch norms, on both sides."""
    for stream, inside, keep_inside, keep_stream in [
        (4, 5, [1, 2, 4], [0, 2]),
        (3, 3, [0], [1, 2]),
        (6, 4, [0, 1, 2, 3], [0, 5]),
        (4, 4, [0, 2], [1, 3]),
    ]:
        shapes = {"conv1": (inside, stream, 3, 3), **_norm_shapes(1, inside)}
        net = draw(rng, shapes | {"conv2": (stream, inside, 3, 3), **_norm_shapes(2, stream)})
        x = np.zeros((2, stream, 5, 5))
        x[:, keep_stream] = rng.standard_normal((2, len(keep_stream), 5, 5))
        where = f"{keep_inside} of {inside} inside, {keep_stream} of {stream} on the stream"
        got = asked_net(answer, "my_shrunk_block", net, keep_inside, keep_stream)
        axes = {"conv1": (len(keep_inside), len(keep_stream)), "conv2": (len(keep_stream), len(keep_inside))}
        axes |= {name: (len(keep_inside if "bn1" in name else keep_stream),) for name in net if "bn" in name}
        check_shapes(got, net, axes, where)
        masked = {**net, "conv2": net["conv2"].copy()}
        masked["conv2"][:, [index for index in range(inside) if index not in keep_inside]] = 0
        right = _run_block(masked, x)[:, keep_stream]
        check_same(_run_block(got, x[:, keep_stream]), right, where, "the right shapes, the wrong channels")


def check_attention(answer, rng):
    """`my_shrunk_attention(net, head_size, keep_heads)`: three parts lose rows, the output projection columns."""
    for heads, head_size, keep in [(4, 2, [0, 3]), (3, 4, [1]), (2, 3, [0, 1]), (5, 2, [1, 2, 4])]:
        embed = heads * head_size
        shapes = {"in_weight": (3 * embed, embed), "in_bias": (3 * embed,)}
        net = draw(rng, shapes | {"out_weight": (embed, embed), "out_bias": (embed,)})
        x = rng.standard_normal((6, embed))
        where = f"heads {keep} of {heads}, each of size {head_size}"
        got = asked_net(answer, "my_shrunk_attention", net, head_size, keep)
        left = len(keep) * head_size
        axes = {"in_weight": (3 * left, embed), "in_bias": (3 * left,)}
        check_shapes(got, net, axes | {"out_weight": (embed, left)}, where)
        features = [head * head_size + number for head in keep for number in range(head_size)]
        masked = {**net, "out_weight": np.zeros((embed, embed))}
        masked["out_weight"][:, features] = net["out_weight"][:, features]
        result = _run_attention(got, x, head_size)
        mixed = {**got, "out_weight": net["out_weight"][:, features]}
        assert not np.allclose(_run_attention(mixed, x, head_size), _run_attention(masked, x, head_size), **CLOSE) or (
            np.allclose(got["out_weight"], mixed["out_weight"])
        ), f"{where}: out_weight has features as columns, {features} of them stay"
        reason = "a head owns head_size adjacent rows in each of the three parts"
        check_same(result, _run_attention(masked, x, head_size), where, reason)


def check_ratio(answer, rng):
    """`my_ratio(dense, shrunk)`: quartiles of the ratios of rounds, the first two left out."""
    for rounds, speed in [(12, 2.0), (31, 1.3), (20, 0.8)]:
        machine = rng.choice([1.0, 1.0, 1.0, 4.0], rounds)  # now and then the machine is busy for a whole round
        dense = machine * (1 + 0.1 * rng.random(rounds))
        shrunk = machine * (1 + 0.1 * rng.random(rounds)) / speed
        dense[:2] *= 50
        got = answered(answer, "my_ratio", dense.copy(), shrunk.copy())
        got, where = numbers(got, "the three quartiles"), f"{rounds} rounds"
        assert got.shape == (3,), f"return three numbers; got shape {got.shape}"
        right = _quartiles(dense[2:] / shrunk[2:])
        if np.allclose(got, right):  # now and then a slip gives the same
            continue
        slips = {
            "upside down: fewer seconds is faster, so divide dense by shrunk": _quartiles(shrunk[2:] / dense[2:]),
            "the first two rounds were not left out": _quartiles(dense / shrunk),
            "both calls of a round met the same machine: divide round by round": _quartiles(dense[2:])
            / _quartiles(shrunk[2:]),
            "lower quartile first, upper quartile last": right[::-1],
            "the first three rounds were left out, not two": _quartiles(dense[3:] / shrunk[3:]),
            "only the first round was left out, not two": _quartiles(dense[1:] / shrunk[1:]),
            "a ratio, not a difference: divide dense by shrunk": _quartiles(dense[2:] - shrunk[2:]),
            "quartiles, not the smallest and the largest": np.quantile(dense[2:] / shrunk[2:], [0, 0.5, 1]),
        }
        for reason, slip in slips.items():
            assert not np.allclose(got, slip), f"{where}: {reason}"
        averages = np.mean(dense[2:] / shrunk[2:]), np.mean(dense[2:]) / np.mean(shrunk[2:])
        assert not np.isclose(got[1], averages).any(), f"{where}: the second number is the median, not a mean"
        raise AssertionError(f"{where}: must be {np.round(right, 3).tolist()}; got {got.round(3).tolist()}")


def _quartiles(values):
    return np.quantile(values, [0.25, 0.5, 0.75])


def _norm_shapes(number, channels):
    return {f"bn{number}_{key}": (channels,) for key in STATISTICS}


def _pair_shapes(inputs, inside, outputs):
    shapes = {"conv1": (inside, inputs, 3, 3), **_norm_shapes(1, inside)}
    return shapes | {"conv2": (outputs, inside, 3, 3), "conv2_bias": (outputs,)}


def _masked_rows(array, keep):
    masked = np.zeros_like(array)
    masked[keep] = array[keep]
    return masked


def _masked_pair(net, keep):
    silent = {name: _masked_rows(net[name], keep) for name in ("conv1", "bn1_weight", "bn1_bias")}
    return net | silent


def _tensors(net):
    return {name: torch.as_tensor(np.ascontiguousarray(array, float)) for name, array in net.items()}


def _norm(x, net, number):
    return F.batch_norm(x, *(net[f"bn{number}_{key}"] for key in STATISTICS))


def _run_pair(net, x):
    net = _tensors(net)
    inside = F.relu(_norm(F.conv2d(torch.as_tensor(x), net["conv1"], padding=1), net, 1))
    return F.conv2d(inside, net["conv2"], net["conv2_bias"], padding=1).numpy()


def _run_block(net, x):
    net, x = _tensors(net), torch.as_tensor(np.ascontiguousarray(x))
    inside = F.relu(_norm(F.conv2d(x, net["conv1"], padding=1), net, 1))
    return F.relu(x + _norm(F.conv2d(inside, net["conv2"], padding=1), net, 2)).numpy()


def _run_attention(net, x, head_size):
    net, x = _tensors(net), torch.as_tensor(x)
    parts = (x @ net["in_weight"].T + net["in_bias"]).chunk(3, dim=1)
    query, key, value = (part.unflatten(1, (-1, head_size)).transpose(0, 1) for part in parts)
    heads = F.scaled_dot_product_attention(query, key, value)
    return (heads.transpose(0, 1).flatten(1) @ net["out_weight"].T + net["out_bias"]).numpy()
