"""Language modelling on bytes of code and prose (Fig 17b)."""
