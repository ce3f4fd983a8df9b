"""Where measurements come from: one file a monitoring system, and one in memory.

May touch ports, domain, kit and, for what a query may hold, `specs/queries`. Answers queries, and judges nothing.
"""
