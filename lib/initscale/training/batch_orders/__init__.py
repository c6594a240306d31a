"""Orders in which a run sees its training sequences, a file each; a recipe chooses one by ``batch_order: NAME``.

Each module offers ``epoch_order(facts, epoch, rows)`` -> int64 (rows,), a permutation, on the CPU. It is a function of
the run's facts and the epoch, so a resumed run needs no generator state. Without the key a recipe has ``per_epoch``.
"""
