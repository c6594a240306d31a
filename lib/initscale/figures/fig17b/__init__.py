"""Fig 17b: held-out loss of language models on code and on code with prose, for several gammas."""
