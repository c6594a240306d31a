"""Records beside results: what they were made of, and the identity of the code of every stage."""
