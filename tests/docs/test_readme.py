"""What the README shows happens, and what it links to is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fences(language):
    """The contents of all fences of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the README's code prints, and the folder in which it ran."""
    folder = tmp_path_factory.mktemp("readme")
    code = "\n".join(fences("python")) + '\nprint(tg.draw(loss, detail="shape").mermaid)\n'
    (folder / "readme.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "readme.py"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_the_code_prints_what_is_shown(printed):
    shown = [text for text in fences("") if re.match(r"\d|def ", text)]
    assert len(shown) == 2
    assert printed[0].startswith(shown[0])
    assert shown[1] in printed[0]


def test_the_picture_is_the_one_that_is_drawn(printed):
    [picture] = fences("mermaid")
    assert picture in printed[0]


def test_the_files_that_the_code_writes_hold_pictures(printed):
    for name in ("graph.svg", "gradient.svg", "walk.html"):
        assert "<svg" in (printed[1] / name).read_text(encoding="utf-8")


def test_the_first_example_has_fifteen_lines():
    assert len(fences("python")[0].splitlines()) == 15


def test_each_command_is_one_line():
    commands = re.findall(r"^python -m pip install .*&& python -m .*$", README, re.MULTILINE)
    assert commands == [
        "python -m pip install '.[tour]' && python -m tinygrad_reg tour",
        "python -m pip install -e '.[test]' && python -m pytest",
        "python -m pip install '.[docs]' && python -m sphinx -W docs docs/_build",
    ]


def test_no_link_is_dead():
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", README)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []
