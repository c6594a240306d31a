"""Files of the probes of a study's runs."""

from __future__ import annotations

from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout


def probe_files(config: dict, study: str, probe: str) -> list[str]:
    """Table of one probe for every run of a study."""
    layout = Layout(config)
    return [layout.probe_file(study, point, probe) for point in study_points(config["studies"][study])]
