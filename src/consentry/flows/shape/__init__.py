"""Records as typed tables: objects become columns, lists become tables of their own, and nothing is left out.

Columns are worked on whole, not row by row; what a stream declares is compiled once, what it doesn't is found.
"""

from consentry.flows.shape.plan import StreamPlan, plan_of

__all__ = ["StreamPlan", "plan_of"]
