"""The objects and their history: kinds, the store with its versions and watches, events, the reconcile loop.

No HTTP comes in here, no operating system process, and no rule of any single kind.
"""
