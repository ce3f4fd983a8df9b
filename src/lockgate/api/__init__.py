"""CloudEvents and JSON in, JSON out; one table from errors to status codes; who may ask.

Asks delivery. Nothing of another room of its layer comes in here, and no SQL.
"""
