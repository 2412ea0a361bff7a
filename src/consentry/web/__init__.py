"""The pages: what people see of Consentry. A module a page, templates that only show, one stylesheet, little script."""

from consentry.web.pages import create_web

__all__ = ["create_web"]
