"""The command line: one module per noun. Heavy libraries are imported by the command that needs them, never before."""

from consentry.cli.main import main

__all__ = ["main"]
