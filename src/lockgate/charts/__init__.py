"""A service's own files → its objects, with no colour, release or route yet.

Two forms: values for our templates, or plain manifests. Every fault of a file is reported at once, with its line.
What a stage does with the objects does not come in here.
"""
