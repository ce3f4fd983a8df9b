"""`lockgate demo`: the document's story, seen through public interfaces only: CLI, API, git, kubectl, HTTP."""
