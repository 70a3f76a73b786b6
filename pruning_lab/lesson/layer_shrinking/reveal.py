"""What lesson 05's prediction measures: work and time after half of the filters have gone."""

from pruning_lab import measure
from pruning_lab.lesson.frame.predict import option_around
from pruning_lab.lesson.layer_shrinking.drawings import share_bars
from pruning_lab.lesson.layer_shrinking.networks import keep_by_norm, shrink_vgg
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html


def work_reveal(model, images, options):
    """Return a reveal for `predict`: what half of the filters of every layer does to the multiplications, and to time.

    Args:
        model: a VGG from `models`. images: the batch to time it on.
        options: {option: (low, high)}, ranges of the share of multiplications that is left.
    """

    def ms(row):
        return f"{row.median * 1e3:.1f}"

    def reveal():
        half = shrink_vgg(model, keep_by_norm(model))
        macs = [measure.macs(network.eval(), images[:1]) for network in (model, half)]
        weights = [measure.count_weights(network) for network in (model, half)]
        left = macs[1] / macs[0]
        timed = measure.speed({"dense": model, "half of the filters": half}, images)
        dense, halved, again = timed.rows
        rows = [
            ["multiplications for one picture", f"{macs[0]:,}", f"{macs[1]:,}", f"{1 / left:.2f}"],
            ["weights", *(f"{count:,}" for count in weights), f"{weights[0] / weights[1]:.2f}"],
            ["time for the batch [ms]", ms(dense), ms(halved), halved.ratio_text],
            ["control: dense again [ms]", "", ms(again), again.ratio_text],
        ]
        table = table_html(["", "dense", "half of the filters", "dense / half"], rows, timed.conditions)
        alt = f"Bars: {left:.2f} of the multiplications are left, {1 / halved.ratio:.2f} of the time."
        return option_around(options, left), [table, image_html(share_bars(left, 1 / halved.ratio), alt)]

    return reveal
