"""The start page of carts."""

from html import escape

from sockshop.settings import PodFacts
from sockshop.switches import Switches


def start_page(pod: PodFacts, version: str, switches: Switches) -> str:
    facts = {
        "Pod name": pod.pod,
        "Container image": pod.image,
        "Deployment name": pod.deployment,
        "Namespace": pod.namespace,
        "Version": version,
        "Delay of POST items": f"{switches.delay_ms} ms",
        "Promotion rate": f"{switches.promotion_rate} %",
    }
    rows = "\n".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items()
    )
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>carts</title>\n"
        "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem}th{text-align:left;padding-right:2rem}</style>"
        f"</head>\n<body><h1>carts</h1>\n<table>\n{rows}\n</table></body></html>\n"
    )
