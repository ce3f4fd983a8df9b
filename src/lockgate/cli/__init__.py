"""The shell: parse, call the API, print; no adapter, no SQL, no rule.

Only `serve`, `up`, `down` and `demo` touch wiring.
"""
