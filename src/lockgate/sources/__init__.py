"""Where measurements come from: one file a monitoring system, and one in memory.

May touch ports, domain and kit. Answers queries, and judges nothing.
"""
