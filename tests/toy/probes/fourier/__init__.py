"""Share of the embeddings' power at the strongest frequencies over the numbers."""

NEEDS = ("item_values",)
