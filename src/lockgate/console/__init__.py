"""Pages: one documented context dataclass a page.

Read-only; what they show comes from delivery's queries and the event log.
"""
