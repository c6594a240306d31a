"""The anchor task in the published order of random draws."""
