import sys
from pathlib import Path

import pytest

from pocketkube.runtime.catalogue import Catalogue, CatalogueError, read_images

CARTS = """
[[image]]
repository = "docker.io/keptnexamples/carts"
tag = "0.6.1*"
command = ["{python}", "-m", "sockshop.carts"]
env = { CARTS_VERSION = "Slow" }

[[image]]
repository = "docker.io/keptnexamples/carts"
command = ["{python}", "-m", "sockshop.carts"]
args = ["--fast"]
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "docker.io/keptnexamples/carts:0.6.1",
        "keptnexamples/carts:0.6.1_prometheus",
        "keptnexamples/carts:0.6.1@sha256:1234",
    ],
)
def test_the_first_entry_whose_tag_pattern_matches_wins(tmp_path: Path, name: str) -> None:
    image = Catalogue([write(tmp_path / "images.toml", CARTS)]).find(name)
    assert image is not None
    assert image.env == {"CARTS_VERSION": "Slow"}
    assert image.command == (sys.executable, "-m", "sockshop.carts")


def test_an_entry_without_a_tag_is_for_every_other_tag(tmp_path: Path) -> None:
    catalogue = Catalogue([write(tmp_path / "images.toml", CARTS)])
    for name in ("keptnexamples/carts", "keptnexamples/carts:0.6.2"):
        image = catalogue.find(name)
        assert image is not None
        assert image.args == ("--fast",)


def test_a_registry_with_a_port_is_not_mistaken_for_a_tag(tmp_path: Path) -> None:
    entry = '[[image]]\nrepository = "localhost:5000/carts"\ntag = "1"\ncommand = ["carts"]\n'
    catalogue = Catalogue([write(tmp_path / "images.toml", entry)])
    assert catalogue.find("localhost:5000/carts:1") is not None
    assert catalogue.find("localhost:5000/carts") is None


def test_a_later_file_goes_before_an_earlier_one(tmp_path: Path) -> None:
    mine = '[[image]]\nrepository = "keptnexamples/carts"\ncommand = ["mine"]\n'
    files = [write(tmp_path / "a.toml", CARTS), write(tmp_path / "b.toml", mine)]
    image = Catalogue(files).find("keptnexamples/carts:0.6.1")
    assert image is not None
    assert image.command == ("mine",)


def test_a_changed_file_is_read_again_and_a_new_one_found(tmp_path: Path) -> None:
    catalogue = Catalogue([tmp_path / "images.toml"])
    assert catalogue.find("keptnexamples/carts:0.6.1") is None
    write(tmp_path / "images.toml", CARTS)
    assert catalogue.find("keptnexamples/carts:0.6.1") is not None


def test_a_file_that_became_unusable_keeps_its_last_good_contents_and_is_complained_of(tmp_path: Path) -> None:
    catalogue = Catalogue([write(tmp_path / "images.toml", CARTS)])
    write(tmp_path / "images.toml", "[[image")
    assert catalogue.find("keptnexamples/carts:0.6.1") is not None
    assert str(tmp_path / "images.toml") in catalogue.complaint
    assert str(tmp_path / "images.toml") in catalogue.advice("other/thing:1")
    write(tmp_path / "images.toml", CARTS + "\n")
    assert catalogue.find("keptnexamples/carts:0.6.1") is not None
    assert catalogue.complaint == ""


def test_images_differ_by_id_when_what_they_execute_differs(tmp_path: Path) -> None:
    slow, fast = read_images(write(tmp_path / "images.toml", CARTS))
    assert slow.id != fast.id
    assert slow.id == read_images(tmp_path / "images.toml")[0].id


def test_the_advice_names_the_image_and_what_to_add_where(tmp_path: Path) -> None:
    place = tmp_path / "images.toml"
    assert Catalogue([place]).advice("docker.io/some/thing:2") == (
        'image "docker.io/some/thing:2" is not in the catalogue: add an [[image]] with '
        f'repository = "docker.io/some/thing" to {place}'
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[image", "Expected"),
        ('images = "x"', 'unknown "images"'),
        ('[image]\nrepository = "x"', "two brackets"),
        ('[[image]]\nrepository = "x"\n', "repository and command are both needed"),
        ('[[image]]\nrepository = "x:1"\ncommand = ["x"]\n', "has a tag in it"),
        ('[[image]]\nrepository = "x"\ncommand = "x"\n', "command must be a list of texts"),
        ('[[image]]\nrepository = "x"\ncommand = ["x", 1]\n', "has 1 in it"),
        ('[[image]]\nrepository = "x"\ncommand = ["x"]\nenv = { A = 1 }\n', 'write "1"'),
        ('[[image]]\nrepository = "x"\ncomand = ["x"]\n', 'unknown field "comand"; known are repository, tag'),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path / "images.toml", text)
    with pytest.raises(CatalogueError) as refused:
        Catalogue([path])
    assert str(path) in str(refused.value)
    assert complaint in str(refused.value)


def test_the_advice_names_the_tags_that_a_repository_has(tmp_path: Path) -> None:
    entry = '[[image]]\nrepository = "docker.io/a/b"\ntag = "1.*"\ncommand = ["x"]\n'
    advice = Catalogue([write(tmp_path / "images.toml", entry)]).advice("a/b:9.9")
    assert 'image "a/b:9.9" is not in the catalogue (its tags there: 1.*): add an [[image]]' in advice
    assert "and a tag that matches" in advice
