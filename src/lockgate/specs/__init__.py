"""Text of a file → typed value, or a SpecError with every fault and its line.

May touch domain and kit. Reads no files, asks nobody, judges nothing.
"""
