"""A Kubernetes-style API for machines without a cluster; it knows nothing of lockgate.

Layers, top to bottom: `__main__` and `serve` (composition), `api` (what kubectl talks to), `controllers` and `mesh`
(what makes objects true), `runtime` (local processes), `objects` (the store of objects), `kit` (clock, ids, files).
"""
