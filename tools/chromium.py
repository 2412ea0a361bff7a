"""Tell by the exit status whether Playwright has a Chromium of its own that starts."""

import sys

from playwright.sync_api import Error, sync_playwright


def main() -> int:
    """Start it once."""
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch(args=["--no-sandbox"]).close()
        except Error:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
