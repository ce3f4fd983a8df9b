"""Turn a check of what is deployed into a Job, and collect how it ended.

Numbers come out, no opinion: whether an artifact passes is judged elsewhere.
"""
