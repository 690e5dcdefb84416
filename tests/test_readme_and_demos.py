"""What the README shows happens; every demo runs on its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEMOS = sorted((ROOT / "demos").glob("*.py"))


def run_python(arguments, folder):
    """Run Python in a folder, and return what it printed."""
    result = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_readmes_code_prints_what_it_shows(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    shown = re.findall(r"```\n((?:\d|def ).*?)```", text, re.DOTALL)
    code += '\nprint(tg.draw(loss, detail="shape").mermaid)\n'
    (tmp_path / "readme.py").write_text(code, encoding="utf-8")
    printed = run_python(["readme.py"], tmp_path)
    assert printed.startswith(shown[0])
    assert len(shown) == 2
    assert shown[1] in printed
    [picture] = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert picture in printed
    for name in ("graph.svg", "gradient.svg", "walk.html"):
        assert "<svg" in (tmp_path / name).read_text(encoding="utf-8")


def test_the_readme_has_two_commands_of_one_line():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m pip install .*&& python -m .*$", text, re.MULTILINE)
    assert commands == [
        "python -m pip install '.[tour]' && python -m tinygrad_reg tour",
        "python -m pip install -e '.[test]' && python -m pytest",
    ]


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_every_demo_runs_on_its_own(demo, tmp_path):
    assert run_python([str(demo)], tmp_path)


def test_the_code_of_the_page_on_programs_prints_what_it_shows(tmp_path):
    text = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [shown] = re.findall(r"```\n(import.*?)```", text, re.DOTALL)
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    assert run_python(["page.py"], tmp_path) == shown


def test_the_code_of_the_page_on_proof_runs_and_explains_the_mistake(tmp_path):
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    printed = run_python(["page.py"], tmp_path)
    assert "argument 0[0, " in printed
    assert "penalty" in printed


def test_the_code_of_the_page_on_pictures_draws_what_it_says(tmp_path):
    text = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    (tmp_path / "page.py").write_text(code + "print(drawing.source)", encoding="utf-8")
    printed = run_python(["page.py"], tmp_path)
    assert printed.startswith("flowchart LR")
    assert "layer 3" in printed
    for name in ("cost.svg", "cost-dark.svg", "gradient.svg", "cost.html"):
        assert "penalty" in (tmp_path / name).read_text(encoding="utf-8")
