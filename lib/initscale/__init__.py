"""initscale: does the scale of the random initialization decide what a transformer learns?"""

__version__ = "0.1.0"
