"""What could be a library of its own: clock, ids, files, ports, JSON trees.

Nothing that knows a Kubernetes word comes in here.
"""
