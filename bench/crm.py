"""A sandbox of a wanted size in a process of its own, without a rate limit unless one is given; ends with its stdin.

python bench/crm.py --port 9100 --parties 20000
"""

import argparse
import sys

from consentry.sandbox import Knobs, Sizes, World, start


def main() -> None:
    """Read the arguments, serve, and leave when standard input is closed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--parties", type=int, default=260)
    options.add_argument("--rate-limit", type=int, default=None, help="calls in each window")
    options.add_argument("--window", type=int, default=3600, help="seconds of a window")
    chosen = options.parse_args()
    knobs = Knobs(rate_limit=chosen.rate_limit, rate_window_seconds=chosen.window)
    world = World(sizes=Sizes(parties=chosen.parties), knobs=knobs)
    world.crm()  # made before the first request, not by it
    with start(chosen.port, world=world):
        sys.stdin.read()


if __name__ == "__main__":
    main()
