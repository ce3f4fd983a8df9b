"""`World` (a whole installation in memory) and the contract suite of every port: shipped, for authors of adapters too.

Production imports nothing from here.
"""
