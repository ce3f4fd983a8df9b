"""The Kubernetes API over HTTPS: discovery, verbs, tables, patches, schemas, defaults, access, logs.

No operating system process is started here, and nothing decides what should run or where traffic goes.
"""
