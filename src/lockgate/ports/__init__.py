"""What the delivery story needs from the world: one Protocol a file, one to three methods each; no behaviour.

Every method that writes states what shall be, and is safe to repeat.
"""
