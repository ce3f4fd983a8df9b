"""Durable runs and steps behind a small Protocol, with an engine on DBOS and one in memory.

No word of artifacts, stages or gates comes in here.
"""
