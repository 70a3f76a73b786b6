"""Why nothing notices some sabotages: each by name, with the reason."""

SIGNS = "all that anybody asks of two embeddings is their product, and in a product two wrong signs cancel"

EXPLAINED = {
    ("models.MiniLM.forward", "wrong sign"): SIGNS,
    ("models.embed", "wrong sign"): SIGNS,
}

# Why the notebook that was asked does not notice: (function, sabotage, the notebook and the claim that were asked).
SILENT = {
    "it only draws: no cell looks at a picture, and its words do not come from what is drawn": [
        ("plots.accuracy_curve", "drawn empty", "lesson 01"),
        ("plots.crossover_map", "drawn empty", "lesson 04"),
        ("plots.draw_cells", "does nothing", "lesson 03"),
        ("plots.draw_letter", "does nothing", "lesson 01"),
        ("plots.draw_numbers", "does nothing", "lesson 03"),
        ("plots.mask_picture", "drawn empty", "lesson 01"),
        ("plots.new_axes", "small", "lesson 03"),
        ("plots.page_size", "unsorted", "lesson 03"),
        ("plots.png", "empty", "lesson 03"),
        ("plots.weight_histogram", "drawn empty", "lesson 01"),
    ],
    "its numbers are drawn and nothing else is done with them, and no cell looks at a picture": [
        ("channels.groups_picture", "nothing refused", "lesson 06"),
        ("plots.magnitude_histogram", "off by one", "lesson 01"),
        ("plots.mean_and_range", "wrong sign", "lesson 01"),
        ("reconstruct.obs_scores", "wrong sign", "lesson 08"),
    ],
    "the cell of this claim reads what was measured beforehand; the function is called in a cell above, for another "
    "purpose": [
        ("measure.one_thread", "does nothing", "lesson 06: coupled-retraining"),
        ("models.WordPiece.words", "empty", "lesson 07: repair-adds-to-choice"),
        ("models.WordPiece.words", "last one left out", "lesson 07: heads-are-the-dearest-work"),
        ("train.evaluate", "halved", "lesson 08: what-survives-retraining"),
        ("prune.apply_masks_", "half skipped", "lesson 08: ticket-in-rounds"),
        ("train.evaluate", "zero", "lesson 08: the-start-counts-at-98"),
        ("compress.share_weights", "inverted", "lesson 09: two-bits-are-enough"),
        ("prune.prunable_weights", "last one left out", "lesson 09: integers-beat-zeros-in-a-real-network"),
    ],
    "the claim is about MiniLM; the network that this trains is a LeNet, which stands beside it": [
        ("train.fit", "does nothing", "lesson 07: gelu-has-no-zeros"),
    ],
    "the cell of this claim calls nothing of the package; the function is called in a cell above, for another "
    "purpose": [
        ("schedules.cubic_sparsity", "off by one", "lesson 02: ties-defeat-thresholds"),
        ("measure.compare", "inverted", "lesson 04: spelling-decides"),
        ("measure.compare", "inverted", "lesson 04: engine-stores-zeros"),
        ("measure.one_thread", "does nothing", "lesson 07: measures-disagree"),
        ("compress.SharedWeights.to_dense", "half skipped", "lesson 09: integers-beat-zeros-at-equal-bits"),
        ("measure.processor_name", "empty", "lesson 10: shares-set-the-limit"),
    ],
    "what the first cell prints names this machine, so it is not compared": [
        ("measure.processor_name", "empty", "lesson 03"),
    ],
    "it writes the times of a table, which differ from run to run, so what is printed there is not compared": [
        ("measure.Row.ratio_text", "empty", "lesson 01"),
    ],
    "a claim about time is held against the printed figure, by `verify`: without it the claim differs; its cell, which "
    "learners run on any machine, asserts no time": [
        ("measure.Row.ratio_text", "empty", "lesson 01: only-a-shape-is-faster"),
    ],
    "both dense products are right, and which of them is the faster one depends on the machine": [
        ("measure.best_dense", "the slower one", "lesson 01"),
        ("measure.dense_products", "unsorted", "lesson 09"),
    ],
    "it puts the rows of a table of times in the opposite order, each with its name": [
        ("measure.speed", "unsorted", "lesson 06"),
    ],
    "it is measured, and machines differ by more than a factor of two: no cell can know the right number": [
        ("measure.stream_bandwidth", "doubled", "lesson 04"),
    ],
    "the claim is a ratio of bytes, which the cell asserts; the bandwidth does not enter into it": [
        ("measure.stream_bandwidth", "doubled", "lesson 04: bytes-bound-the-gain"),
    ],
    "the notebook has set one thread before, so what this would set is set already": [
        ("measure.one_thread", "does nothing", "hw4-budget"),
        ("measure.one_thread", "does nothing", "lesson 05: fewer-filters-less-time"),
    ],
    "the claim is about bytes and estimated energy; one thread matters to the times alone": [
        ("measure.one_thread", "does nothing", "lesson 09: a-mask-alone-deploys-nothing"),
    ],
    "it is one weight or one byte among hundreds or many thousands: what the lesson says stays true": [
        ("prune.apply_masks_", "off by one", "lesson 02: memory-brings-zeros-back"),
        ("sparse.RelativeIndex.from_dense", "off by one", "lesson 03: storage-table-rebuilt"),
        ("sparse.RelativeIndex.from_dense", "off by one", "lesson 03: trained-zeros-are-not-random"),
        ("sparse.Format.stored", "off by one", "lesson 03: zip-beats-csr-as-a-file"),
        ("masks.mask_unstructured", "off by one", "lesson 08: repairing-beats-choosing"),
        ("sparse.SharedRows.nbytes", "off by one", "lesson 09"),
        ("sparse.NOfM.bytes_at", "off by one", "lesson 10"),
    ],
    "what is claimed holds for any mask with as many zeros, and this is another one": [
        ("scores.magnitude_scores", "input unchanged", "lesson 01: dense-work-follows-shape"),
    ],
    "what is claimed holds for any half of the units, and these are others": [
        ("scores.channel_scores", "constant", "lesson 01: shrinking-is-exact"),
    ],
    "30 % of a random matrix go either way, and which formats become smaller than dense follows from that number": [
        ("scores.magnitude_scores", "constant", "lesson 03"),
    ],
    "retraining brings these other units, as many of them, to the accuracy that the checks ask for as well": [
        ("masks.keep_channels", "inverted", "hw4-budget"),
    ],
    "the claim must hold for other random seeds as well, and it does": [
        ("sweep.seed_of", "off by one", "lesson 02: no-plateau-without-retraining"),
    ],
    "the lesson is about zeros, and the network that half of the pictures trains has the same kind of zeros": [
        ("data.fashion_mnist", "half skipped", "lesson 03"),
    ],
    "what is missing is a repeat of the VGG's control; the claim compares schedules of the LeNet": [
        ("sweep.run", "last one left out", "lesson 02: schedules-depend-on-sparsity"),
    ],
    "the network is filled with saved or copied weights as soon as it is made": [
        ("models.vgg_small", "zero", "lesson 02"),
        ("models.lenet_300_100", "zero", "lesson 09: places-cost-more-than-values"),
    ],
    "the network is made for the names of its layers alone": [
        ("models.lenet_300_100", "zero", "lesson 02: scan-ignores-healing"),
    ],
    "the claim counts the work of layers with weights, and activations have none": [
        ("models.resnet_cifar", "activations skipped", "lesson 05: published-counts-rebuilt"),
    ],
    "only the stem's ReLU is a module that can be taken out, and the network learns without it; every later check "
    "compares networks that all lack it": [
        ("models.resnet_cifar", "activations skipped", "lesson 06"),
    ],
    "the names are only looked up, and the one that the cell uses is among those that are left": [
        ("channels.ChannelGroups.names", "unsorted", "lesson 06: a-channel-takes-its-places"),
        ("channels.ChannelGroups.names", "last one left out", "lesson 06: a-sum-ties-both-sides"),
    ],
    "it is the word behind a number in what is printed; the claim is about which places go together": [
        ("channels.ChannelGroup.kind", "empty", "lesson 06: groups-are-components"),
        ("channels.ChannelGroup.kind", "empty", "lesson 06: heads-are-units"),
    ],
    "the cell cuts the group that may go; what may not go stands in a list that it does not read": [
        ("channels.channel_groups", "nothing refused", "lesson 06: layer-norm-is-not-exact"),
    ],
    "the claim compares two networks, and the rows of both stand in the same wrong order": [
        ("models.embed", "unsorted", "lesson 07: heads-removed-are-their-mask"),
    ],
    "with the words of each text in the opposite order the last block still turns its input the most": [
        ("models.WordPiece.words", "unsorted", "lesson 07: influence-is-a-rough-guide"),
    ],
    "the network is compared with itself after pruning, and the answers of both are wrong in the same way": [
        ("models.EfficientNetLite0.forward", "wrong sign", "lesson 08"),
    ],
    "the claim is about SparseGPT, which makes its own mask; this one belongs to the rules beside it": [
        ("masks.mask_n_of_m", "half skipped", "lesson 08: few-pictures-overfit"),
    ],
    "the claim compares OBS with magnitude; Wanda is another line of the same table": [
        ("scores.wanda_scores", "input unchanged", "lesson 08: negative-curvature-breaks-obs"),
    ],
    "the parts are added up by what they are for, in any order": [
        ("compress.file_parts", "unsorted", "lesson 09"),
    ],
    "each search finds one number, so that there is no order": [
        ("audit.Audit.find", "unsorted", "lesson 10: half-the-channels-is-no-fixed-share"),
    ],
    "an audit times this product and says where the format breaks even, in tables that hold times and are not "
    "compared; what it computes is checked in lesson 04": [
        ("kernels.tiled_matmul", "zero", "lesson 10"),
        ("sparse.TiledCSR.bytes_at", "doubled", "lesson 10"),
        ("sparse.TiledCSR.from_dense", "unsorted", "lesson 10"),
    ],
    "a sentence about measured times is missing, and the others stay true": [
        ("audit.Audit.layer", "last one left out", "lesson 10"),
        ("audit.Audit.verdict", "last one left out", "lesson 10"),
    ],
    "this lesson only times the network on one sentence and counts its work; what it computes is shown in lesson 07": [
        ("models.MiniLM.forward", "zero", "lesson 10"),
        ("models.WordPiece.pieces", "unsorted", "lesson 10"),
        ("models.WordPiece.words", "unsorted", "lesson 10"),
        ("models.wordpiece", "off by one", "lesson 10"),
    ],
    "without it the network has hundreds of outputs, and learns to use the first ten: it still tells clothes apart": [
        ("models.lenet5", "last layer skipped", "lesson 10"),
    ],
    "an audit evaluates pruned copies, and nothing in that is drawn by chance": [
        ("sweep.seed_of", "constant", "lesson 10"),
    ],
    "one point is missing in the curves of single layers and groups, which nobody counts": [
        ("sweep.run", "last one left out", "lesson 10"),
    ],
    "it stands only in what a wrong answer is told": [
        ("sparse.Format.stored", "zero", "hw2-storage"),
    ],
    "half a minute of cells was over before the check that reads this": [
        ("channels.save_shrunk", "does nothing", "hw5-capstone"),
        ("models.resnet_small", "last layer skipped", "hw5-capstone"),
    ],
}
SAMPLE = {row: reason for reason, rows in SILENT.items() for row in rows}
