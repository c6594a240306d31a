"""Learning rates over a training, a file each; a recipe chooses one by ``schedule: NAME``.

Each module offers ``learning_rates(recipe, peak)`` -> float64 (recipe.schedule_steps,), the rate of every update.
Without the key a recipe has ``warmup_cosine``.
"""
