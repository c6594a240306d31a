"""What drawings share: style and panels."""
