"""What the paper fixes: the settings that its roles stand for at another width."""
