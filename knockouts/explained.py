"""Why nothing notices some sabotages: each by name, with the reason."""

SIGNS = "all that anybody asks of two embeddings is their product, and in a product two wrong signs cancel"

EXPLAINED = {
    ("models.MiniLM.forward", "wrong sign"): SIGNS,
    ("models.embed", "wrong sign"): SIGNS,
}

# Of the sample: (function, sabotage, the notebook and the claim that were asked).
SAMPLE = {}
