"""Curvature of the loss at the end of a run, and how far its tangent kernel moved."""

NEEDS = ("label_of_the_last_position",)
