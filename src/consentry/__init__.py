"""The public names of Consentry and nothing else."""

__version__ = "0.1.0"
