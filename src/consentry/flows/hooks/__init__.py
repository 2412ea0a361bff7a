"""Hooks: the provider tells of changes as they happen. What it says is a hint; the record is read before it counts."""
