"""A sweep of one's own: a user's model on a user's data over gammas and seeds, by the same stages as every study.

``build(vocabulary, gamma, seed)`` gives a ``torch.nn.Module`` in float32 that maps int64 tokens (batch, time) to logits
(batch, time, vocabulary). ``data(seed)`` gives split -> (tokens, labels), one of them ``train``: tokens (N, time),
labels (N,) for the last position or (N, time) for every one, -100 where none is asked. See docs/own-model.md.
"""
