"""The page of commands describes the command line as it is: every command and option, no other."""

import re
from pathlib import Path

import pytest
import typer

from tinygrad_reg.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


def commands(command, path=()):
    """Every command and group of commands by its words, such as `exercises check`."""
    found = {" ".join(path): command} if path else {}
    for name, inner in getattr(command, "commands", {}).items():
        found |= commands(inner, (*path, name))
    return found


COMMANDS = commands(typer.main.get_command(app))


def sections():
    """The text of the page under the heading of each command."""
    parts = re.split(r"^##+ (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text):
    """The rows of a section's table: what is described in each, and the text of the others."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"\| `([^` ]+)[^`]*` \|(.*)", line):
            found[match[1]] = match[2]
    return found


def names_of(command):
    """The options of a command as they are typed, and its arguments in capitals."""
    options = {
        max(parameter.opts, key=len)
        if parameter.opts[0].startswith("-")
        else parameter.name.upper()
        for parameter in command.params
    }
    return options - {"--help"}


def test_every_command_has_a_section_and_no_other_has():
    assert {*sections()} - {"How a function is named"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_described_and_no_other(name):
    assert set(rows(sections()[name])) == names_of(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_are_those_of_the_command(name):
    described = rows(sections()[name])
    for parameter in COMMANDS[name].params:
        default = parameter.default
        if default is False or not isinstance(default, int | str | Path):
            continue  # a switch, or nothing
        if default or default == 0:
            option = max(parameter.opts, key=len)
            assert str(default) in described[option].rpartition(" | ")[2], option


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_codes_are_those_that_the_command_tells(name):
    says = re.findall(r"(?:code|;) (\d):", COMMANDS[name].help or "")
    described = re.findall(r"(?:code|;) (\d):", sections()[name])
    assert described[0] == "0"
    assert not says or described == says


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_names_it(name):
    [example] = re.findall(r"```sh\n(.*)\n```", sections()[name])
    assert example.startswith(f"python -m tinygrad_reg {name}")
