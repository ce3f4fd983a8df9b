"""Whether a query reads as PromQL."""

import promql_parser

from lockgate.specs.placeholders import sketched


def misread(query: str) -> str:
    """What is wrong with the PromQL *query*, placeholders and all, or nothing. The parser is a library's and not the
    one of Prometheus, nor does it know the dialects of others: what it says is a remark and no fault."""
    try:
        promql_parser.parse(sketched(query))
    except ValueError as error:
        return " ".join(str(error).split())
    return ""
