"""What a server in trouble says, with the error body of its API."""

from tests.lockgate.sources.http_server import Said, document

from lockgate.testing.contracts.metric_source import Trouble

SECRET = "dt0c01.s3cret"


def said_in(trouble: Trouble, error: object, wrong_type: object) -> Said:
    """*error* is the API's error body, which had better repeat SECRET; *wrong_type* an answer with a text as value."""
    statuses = {Trouble.REFUSED: 400, Trouble.FORBIDDEN: 401, Trouble.BUSY: 429, Trouble.BROKEN: 503}
    said = {
        Trouble.MALFORMED: Said(document(wrong_type).body[:-2]),
        Trouble.ANOTHER_PAGE: Said(f"<html>welcome, {SECRET}</html>".encode()),
        Trouble.ANOTHER_SHAPE: document([SECRET]),
        Trouble.WRONG_TYPE: document(wrong_type),
        Trouble.REDIRECT: Said(b"", 302, {"Location": f"http://elsewhere.example/?token={SECRET}"}),
        Trouble.HANGING: Said(b"{", ends=False),
    }
    return said.get(trouble) or document(error, statuses.get(trouble, 200))
