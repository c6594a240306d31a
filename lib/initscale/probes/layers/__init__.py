"""Every weight of any model, before and after the training: scale, stable rank, condensation."""
