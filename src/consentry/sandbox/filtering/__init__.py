"""Filters over parties, opportunities and projects."""

from consentry.sandbox.filtering.results import filterer

__all__ = ["filterer"]
