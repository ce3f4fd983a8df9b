"""Containers as local processes: the catalogue of images, environment, volumes, launching, adoption, probes.

What comes in knows one pod at a time; deciding how many pods there are, and any rule of a controller, may not.
"""
