"""How large a file may be that Lockgate parses: YAML of a megabyte takes long, and people write a few hundred lines."""

from lockgate.domain.errors import Fault, SpecError

LARGEST_FILE = 64 * 1024


def check_file_size(file: str, text: str) -> None:
    """Before anything is parsed. Raises SpecError for more than LARGEST_FILE bytes of UTF-8."""
    size = len(text.encode(errors="surrogatepass"))
    if size > LARGEST_FILE:
        raise SpecError([Fault(file, 0, "", f"has {size} bytes and may have {LARGEST_FILE}")])
