"""What lesson 08's prediction measures: a mask thrown by dice whose survivors adjust, against OBD's as it is."""

from pruning_lab.lesson.beyond_magnitude.experiments import adjusted_by_dice, at
from pruning_lab.lesson.frame.predict import option_around
from pruning_lab.tables import table_html


def dice_reveal(layer, hessian, found, options, sparsity=0.7, draws=5):
    """Return a reveal for `predict`: in how many of the throws dice with a repair beat OBD without.

    Args:
        layer: experiments.Layer. hessian: of its loss. found: list of experiments.Removal, OBD among them.
        options: {option: (low, high)}, ranges of the number of throws that win.
    """

    def reveal():
        thrown = adjusted_by_dice(layer, hessian, sparsity, draws)
        obd = at(found, "OBD", sparsity).gained
        wins = sum(gained < obd for gained in thrown)
        rows = [("OBD's mask, nothing adjusted", f"{obd:.3f}")]
        rows += [(f"dice, throw {number}, survivors adjusted", f"{g:.3f}") for number, g in enumerate(thrown, start=1)]
        words = f"Of {draws} throws of the dice, {wins} lose less than OBD's mask."
        return option_around(options, wins), [f"<p>{words}</p>", table_html(["mask", "loss gained"], rows)]

    return reveal
