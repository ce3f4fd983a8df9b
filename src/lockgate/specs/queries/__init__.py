"""What each kind of metric source can be asked: one file a kind, for the push and for the source alike.

Faults are noted where they stand. Asks nobody: what only the server knows, such as a metric's name, is its to refuse.
"""
