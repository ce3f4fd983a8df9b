"""What makes objects true: deployments, replica sets, jobs, claims, and the kubelet that runs pods.

Each reads and writes the store only; no HTTP and no Envoy come in here, and no system call but through the runtime.
"""
