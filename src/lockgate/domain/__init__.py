"""The nouns: project, stage, artifact, release, delivery, window, measurement, verdict, event, errors.

Frozen values and their rules. No I/O, no clock, no third-party library comes in here.
"""
