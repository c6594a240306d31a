"""SCAN: commands and actions, the split `turn left` (Fig 6a)."""
