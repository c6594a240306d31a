"""Copies into a wheel what lies outside the package in the repository; the rest of the build is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = {"config": "*", "results/reference": "*.parquet"}
"""Folder -> which of its files; ``initscale.repository`` finds them in a checkout and in a wheel."""


class BuildWithShippedFiles(build_py):
    """The ordinary build, and the shipped files; an editable install reads them from the checkout."""

    def run(self):
        super().run()
        if not self.editable_mode:
            for source, target in self._copies().items():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode=1):
        return [*super().get_outputs(include_bytecode), *map(str, self._copies().values())]

    def _copies(self):
        target = Path(self.build_lib) / "initscale" / "shipped_files"
        found = [path for folder, kind in SHIPPED.items() for path in sorted(Path(folder).rglob(kind))]
        return {path: target / path for path in found if path.is_file()}


setup(cmdclass={"build_py": BuildWithShippedFiles})
