"""`python -m loadrunner`."""

import sys

import locust  # noqa: F401  # before all else: it replaces the blocking calls of the standard library

from loadrunner.run import main

sys.exit(main())
