"""Where names become adapters: settings, the one composition root, and the four programs of an installation.

No rule of delivery and no I/O of its own beyond starting programs and reading settings.
"""
