"""How large a file may be that Lockgate parses: YAML of a megabyte takes long, and people write a few hundred lines."""

from lockgate.domain.errors import Fault, SpecError

LARGEST_FILE = 64 * 1024


def check_file_size(file: str, text: str, largest: int = LARGEST_FILE) -> None:
    """Before anything is parsed. Raises SpecError for more than *largest* bytes of UTF-8."""
    size = len(text.encode(errors="surrogatepass"))
    if size > largest:
        raise SpecError([Fault(file, 0, "", f"has {size} bytes and may have {largest}")])
