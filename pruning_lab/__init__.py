"""Neural-network pruning, to be read in an evening: masks, sparse storage, kernels, shrinking."""
