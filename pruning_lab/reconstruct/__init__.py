"""What is left makes up for what went: weights go from one layer, and the survivors take over what they can.

Near a minimum the loss of a layer's row w grows by 1/2 d^T H d when w changes by d; H is the Hessian. Every function
here takes one H, and each row of `weight` has it for its own: that is so for a linear layer's squared error, where H
comes from the inputs (`input_hessian`). To use the Hessian of a whole loss, make the weights one row,
`weight.reshape(1, -1)`. Of a convolution, `weight.movedim(1, -1).flatten(1)` is such a matrix, input channels last.

All is computed in float64, on the device of the weight, and comes back in the weight's dtype. Survivors that it cannot
hold, as half precision may not, are an error.
"""

from pruning_lab.reconstruct.columns import sparsegpt
from pruning_lab.reconstruct.quadratic import Reconstruction, input_hessian
from pruning_lab.reconstruct.surgeon import adjust_survivors, obs, obs_scores

__all__ = ["Reconstruction", "adjust_survivors", "input_hessian", "obs", "obs_scores", "sparsegpt"]
