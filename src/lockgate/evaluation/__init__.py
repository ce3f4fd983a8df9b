"""From a gate and its measurements to an evaluation: pure rules, the same input gives the same verdict.

May touch domain and kit. Nothing that can be down, slow or different tomorrow comes in here.
"""
