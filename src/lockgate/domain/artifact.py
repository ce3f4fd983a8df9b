"""What is delivered: an image and its tag."""

from dataclasses import dataclass

from lockgate.domain.errors import InvalidError


@dataclass(frozen=True, slots=True)
class Artifact:
    image: str
    tag: str

    @property
    def reference(self) -> str:
        return f"{self.image}:{self.tag}"


def parse_artifact(image: str, tag: str | None) -> Artifact:
    """An artifact from the flags of `send event new-artifact`: the tag may stand in the image, else it is `latest`.

    Raises InvalidError for an empty image, white space or a digest in it, or a tag given twice and differently.
    """
    image = image.strip().rstrip("/")
    if "@" in image:
        raise InvalidError(f"image {image!r} names a digest, and artifacts are told apart by tags: write IMAGE:TAG")
    path, _, last = image.rpartition("/")
    name, colon, inline = last.partition(":")
    if not name or any(character.isspace() for character in image):
        raise InvalidError(f"image {image!r} is not an image name: write it as docker.io/keptnexamples/carts")
    if colon and tag and inline != tag:
        raise InvalidError(f"image {image!r} names the tag {inline!r} and --tag says {tag!r}: give one of them")
    bare = f"{path}/{name}" if path else name
    chosen = tag or inline or "latest"
    if any(character.isspace() or character in "/:" for character in chosen):
        raise InvalidError(f"tag {chosen!r} is not a tag: white space, '/' and ':' may not stand in it")
    return Artifact(image=bare, tag=chosen)
