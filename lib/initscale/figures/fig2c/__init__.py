"""Fig 2c: accuracy on the unseen pair against gamma, for a multi-head GPT-2-style model with either norm."""
