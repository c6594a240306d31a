"""Models that are trained as plain PyTorch modules, a file each; a model section chooses one by ``builder: NAME``.

Each module offers ``build(model, seed)`` -> ``torch.nn.Module`` in float32 with its initial weights; ``model`` is the
section of the configuration, ``model["init"]["gamma"]`` the run's gamma. The module maps int64 tokens (batch, time) to
logits (batch, time, vocabulary). A dotted name (``builder: mypackage.mymodule``) means a module of your own.
"""
