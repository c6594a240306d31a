"""Reading and writing: tables, JSON, YAML, and schemas of what they hold."""
