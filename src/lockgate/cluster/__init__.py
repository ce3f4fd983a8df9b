"""The platform: apply objects, watch until ready, read back.

What a colour is, which one has the traffic and when it changes is decided elsewhere and does not come in here.
"""
