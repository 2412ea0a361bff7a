"""The command line: one module per noun. Heavy libraries are imported by the command that needs them, never before."""

from consentry.cli.root import commands, main

__all__ = ["commands", "main"]
