"""A small Capsule with a memory: authorization server and API on one port. Nothing in it is real."""

from consentry.sandbox.accounts import Account, User
from consentry.sandbox.applications import Application, ApplicationRefused
from consentry.sandbox.asgi import create_app
from consentry.sandbox.faults import Drop, Fail, Odd, Slow
from consentry.sandbox.grants import Grant
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.seed import Sizes
from consentry.sandbox.serving import DEFAULT_PORT, STANDS_IN_FOR, NotLoopback, RunningSandbox, serve, start
from consentry.sandbox.state import picture_of
from consentry.sandbox.world import World

__all__ = [
    "DEFAULT_PORT",
    "STANDS_IN_FOR",
    "Account",
    "Application",
    "ApplicationRefused",
    "Drop",
    "Fail",
    "Grant",
    "Knobs",
    "NotLoopback",
    "Odd",
    "RunningSandbox",
    "Sizes",
    "Slow",
    "User",
    "World",
    "create_app",
    "picture_of",
    "serve",
    "start",
]
