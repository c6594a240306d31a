"""PrOntoQA: true or false after a chain of rules (Fig 7)."""
