"""A stand-in for Dynatrace: it speaks a part of its metrics API v2 and of its timeseries and smartscape APIs v1, and
answers from the measurements of a real Prometheus. It is not Dynatrace, and says so in every answer.

For demonstrations and tests on a laptop. It knows nothing of lockgate, pocketkube or the service under test; it reads
the metrics `requests_latency_seconds` with the labels `service`, `job` (`<service>-<environment>`) and `release`.
"""
