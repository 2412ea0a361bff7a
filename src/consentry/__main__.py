"""Lets ``python -m consentry`` do what the command ``consentry`` does."""

from consentry.cli import main

main()
