"""Lockgate: a control plane for quality-gated delivery.

The rooms and who may import whom: docs/explanation/architecture.md.
"""
