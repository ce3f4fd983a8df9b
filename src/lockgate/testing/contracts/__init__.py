"""What every adapter of a port must do, as test classes that a test file derives from with its own factory.

One file a port; no adapter is imported here.
"""
