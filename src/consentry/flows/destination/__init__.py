"""Rows into a connector: what a destination is, and how it writes."""
