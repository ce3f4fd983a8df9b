"""Pure: rendered objects and release state → the objects of a blue/green or direct release, and its Istio routes.

Plain dicts in and out. Nothing that reads a file, asks a cluster or decides which colour comes next comes in here.
"""
