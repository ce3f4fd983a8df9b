"""The load runner: the program of the image `lockgate/locust`, which runs one check of a Locust file in a Job's pod.

It measures and does not judge. It knows nothing of lockgate, pocketkube or the service under test; those may know its
settings (`settings.py`) and its report (`report.py`), and meet it only as a container.
"""
