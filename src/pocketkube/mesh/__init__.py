"""Service addresses and Istio's objects, made true by the files that a separate Envoy reads.

What is rendered is a value made from values; only `files` writes, only `admin` asks Envoy. No process is started here,
and no rule of Deployments, Pods or Jobs comes in.
"""
