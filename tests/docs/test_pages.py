"""Everything that can be typed from a page works when it is typed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.run_page import cells_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
WITH_CODE = [page for page in PAGES if cells_of(page.read_text(encoding="utf-8"))]


def name_of(page):
    return page.relative_to(DOCS).with_suffix("").as_posix()


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_code_of_a_page_runs_as_it_is_typed(page, tmp_path):
    runner = Path(__file__).with_name("run_page.py")
    done = subprocess.run(
        [sys.executable, str(runner), str(page)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


SHELL = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"^```\{code-block\} python\n:caption: (\S+\.py)\n+(.*?)^```$", re.MULTILINE | re.DOTALL
)
ELSEWHERE = ("pip install", "tinygrad_reg tour", "-m pytest", "-m sphinx", "tests/", "demos/")
"""Commands that continuous integration or another test runs."""


def commands_of(page):
    """The commands of a page that have to work where its files are."""
    found = [
        line
        for text in SHELL.findall(page.read_text(encoding="utf-8"))
        for line in text.splitlines()
        if line.startswith("python ")
    ]
    return [line for line in found if not any(part in line for part in ELSEWHERE)]


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=name_of)
def test_the_commands_of_a_page_work_one_after_the_other(page, tmp_path):
    for name, text in FILE.findall(page.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    for command in commands_of(page):
        words = shlex.split(command, comments=True)
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        unsolved = "exercises check" in command  # the file is as it was copied: 1 is its answer
        assert done.returncode == int(unsolved and "--solution" not in command), (
            f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        assert "Traceback" not in done.stderr, f"{command}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_scripts_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bpython ((?:demos|tests)/[\w/]+\.py)", text):
        assert (ROOT / name).is_file(), name
