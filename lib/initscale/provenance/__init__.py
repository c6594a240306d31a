"""Where a result comes from: the code that its numbers depend on, the machine, the commit, its files and inputs."""
