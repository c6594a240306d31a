"""Fig 8: two kinds of generalization, to unseen data of seen pairs and to an unseen pair."""
