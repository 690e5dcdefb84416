"""The page of exercises says of each what the catalogue says."""

import re
from pathlib import Path

from tinygrad_reg.exercises import EXERCISES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "exercises.md").read_text(encoding="utf-8")
CHAPTER = r"\[(\d+)\. (.+?)\]\(chapters/(.+?)\.md\)"
ROW = re.compile(rf"^\| (\d+) \| (\w+) \| (.+?) \| {CHAPTER} \|$", re.MULTILINE)


def test_the_table_is_the_catalogue():
    expected = [
        (str(e.number), e.name, e.teaches, str(e.chapter_number), e.chapter) for e in EXERCISES
    ]
    assert [(*row[:4], row[5]) for row in ROW.findall(PAGE)] == expected


def test_chapters_are_called_by_their_titles():
    for *_, title, chapter in ROW.findall(PAGE):
        text = (DOCS / "chapters" / f"{chapter}.md").read_text(encoding="utf-8")
        assert f"\n# {title}\n" in text


def test_exercises_are_in_the_order_of_the_chapters():
    chapters = [exercise.chapter_number for exercise in EXERCISES]
    assert chapters == sorted(chapters)
