"""The story of a delivery: accepted, taken through its stages, and what users may ask about it.

Every effect is a named durable step that states what shall be. No adapter, HTTP, SQL, YAML or clock comes in here:
the outside world is what `outside.py` lists.
"""
