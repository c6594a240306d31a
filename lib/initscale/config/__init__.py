"""Reading and checking the configuration; nobody below imports it."""
