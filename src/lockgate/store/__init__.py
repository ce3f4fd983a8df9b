"""What Lockgate remembers: events, deliveries, lanes, evaluations, settings and tokens; in SQL and in memory.

Ports and nouns come in; no story, no files, no rules of delivery beyond those that a transaction must hold.
"""
