"""From runs and data to one tidy table per figure: module ``figN`` makes results/<scale>/tables/figN.parquet.

Each module offers ``inputs(config)``, the files it reads by name, and ``table(config)``, the Arrow table. The
key ``caption`` of the table's metadata says what a reader must know: scale, n, settings.
"""
