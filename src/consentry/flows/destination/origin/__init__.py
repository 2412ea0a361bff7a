"""Where rows come from: opened once, read batch by batch, taken up again at any row."""

from consentry.flows.destination.origin.opening import Origin, open_rows, read_text_file

__all__ = ["Origin", "open_rows", "read_text_file"]
