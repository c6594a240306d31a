"""What tables share: reading runs, probes and data, captions, phases."""
