"""Every public name is described in full: by its docstring, and on a page of the reference.

What there is to describe is asked of the package. What has to be said follows from the code: the
parameters from the signature, the errors from the `raise` statements that a call can reach.
"""

import ast
import builtins
import doctest
import importlib
import inspect
import re
import sys
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import tinygrad_reg as tg
from tinygrad_reg import compiler, drawing, testing, training

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
LONGEST = 66  # lines: one screen

# -- what there is -----------------------------------------------------------------------------

MODULES = {
    "tinygrad_reg": tg.__all__,
    "tinygrad_reg.compiler": compiler.__all__,
    "tinygrad_reg.drawing": drawing.__all__,
    "tinygrad_reg.testing": [*testing.__all__, "check_rule", "strategies"],  # loaded on demand
    "tinygrad_reg.testing.strategies": testing.strategies.__all__,
    "tinygrad_reg.training": training.__all__,
}


def public_objects():
    """Every public function and class by its full name: once, by the shortest."""
    found = {}
    for module, names in MODULES.items():
        holder = importlib.import_module(module)
        for name in names:
            public = getattr(holder, name)
            if not inspect.ismodule(public) and id(public) not in found:
                found[id(public)] = (f"{module}.{name}", public)
    found.pop(id(drawing.svg))  # what a notebook calls
    return dict(found.values())


OBJECTS = public_objects()
CLASSES = {name: x for name, x in OBJECTS.items() if isinstance(x, type)}
FUNCTIONS = {name: x for name, x in OBJECTS.items() if name not in CLASSES}


def directives(kind):
    """What the pages of the reference name in directives such as `.. automethod::`."""
    found = []
    for page in sorted(REFERENCE.glob("classes/*.md")):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            elif match := re.match(rf"\.\. {kind}:: ([\w.]+)", line):
                found.append(f"{module}.{match[1]}")
    return found


def resolve(name):
    """An object by its full name."""
    found = tg
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


METHODS = {name: resolve(name) for name in directives("automethod")}
ATTRIBUTES = {name: resolve(name) for name in directives("autoattribute")}
CALLABLES = FUNCTIONS | METHODS
DESCRIBED = OBJECTS | METHODS


class Entry(NamedTuple):
    """What is said of one parameter, result, error or neighbour."""

    name: str
    type: str
    text: str


@cache
def sections(name):
    """The lines of a docstring's sections, by their titles."""
    lines = inspect.getdoc(DESCRIBED[name]).splitlines()
    found, title = defaultdict(list), ""
    for line, following in pairwise([*lines, ""]):
        if line and following == "-" * len(line):
            title = line
        elif title and line != "-" * len(title):
            found[title].append(line)
    return found


def entries(name, title):
    """The entries of a section: a head such as `W : array`, with what is said indented below."""
    found = []
    for line in sections(name)[title]:
        if line.startswith(" "):
            found[-1] = found[-1]._replace(text=found[-1].text + line)
        elif line:
            head, _, kind = line.partition(" : ")
            found.append(Entry(head, kind, ""))
    return found


def each(names):
    return pytest.mark.parametrize("name", names)


# -- what is said ------------------------------------------------------------------------------


@each([*DESCRIBED, *ATTRIBUTES])
def test_a_docstring_begins_with_one_sentence(name):
    text = inspect.getdoc(DESCRIBED.get(name, ATTRIBUTES.get(name)))
    first = text.split("\n\n")[0]
    assert first.endswith(".")
    assert first.count("\n") <= 1


@each(DESCRIBED)
def test_a_docstring_fits_on_a_screen(name):
    assert len(inspect.getdoc(DESCRIBED[name]).splitlines()) <= LONGEST


def parameters_of(name):
    """The names of what can be passed, as numpydoc writes them."""
    public = DESCRIBED[name]
    if isinstance(public, type) and "__init__" not in vars(public):
        return []
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [
        stars.get(parameter.kind, "") + parameter.name
        for parameter in inspect.signature(public).parameters.values()
        if parameter.name != "self"
    ]


# Made by functions of the package, which say with what.
MADE = {"tinygrad_reg.compiler.Program", "tinygrad_reg.drawing.Exploration"}


@each(sorted({*DESCRIBED} - MADE))
def test_every_parameter_is_described_in_order(name):
    described = entries(name, "Parameters")
    names = [part for entry in described for part in entry.name.split(", ")]
    assert names == parameters_of(name)
    for entry in described:
        assert entry.text, entry.name
        assert entry.type or entry.name.startswith("**"), entry.name


@each(CALLABLES)
def test_what_is_returned_is_described(name):
    annotation = str(inspect.signature(inspect.unwrap(CALLABLES[name])).return_annotation)
    says = entries(name, "Returns") or entries(name, "Yields")
    assert bool(says) == (annotation not in ("None", "Iterator[None]"))
    assert all(entry.text for entry in says)


@cache
def definitions(module):
    """The functions of a module, and the methods of its classes, by their names."""
    tree = ast.parse(Path(sys.modules[module].__file__).read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, node)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{x.name}": x for x in node.body if hasattr(x, "args")}
    return found


def raised_by(module, name, seen):
    """The errors of `raise` statements in a function, and in others of the module it calls."""
    node = definitions(module).get(name)
    if node is None or name in seen:
        return set()
    seen.add(name)
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call):
            error = getattr(inner.exc.func, "id", "")
            if inspect.isclass(getattr(builtins, error, None)):
                found.add(error)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            found |= raised_by(module, inner.func.id, seen)
        elif isinstance(inner, ast.Call) and ast.unparse(inner.func).startswith("self."):
            owner = name.rpartition(".")[0]
            found |= raised_by(module, f"{owner}.{inner.func.attr}", seen)
    return found


def documented_errors(name):
    return {error for entry in entries(name, "Raises") for error in entry.name.split(", ")}


@each(CALLABLES)
def test_every_error_that_is_raised_is_described(name):
    function = inspect.unwrap(CALLABLES[name])
    described = tuple(
        getattr(builtins, error) for error in documented_errors(name) if error in vars(builtins)
    )
    module = function.__module__
    if not module.startswith("tinygrad_reg"):  # what Hypothesis has made of a strategy
        module = name.rpartition(".")[0]
    for error in raised_by(module, function.__qualname__.split(">.")[-1], set()):
        assert issubclass(getattr(builtins, error), described or ()), error


@each(DESCRIBED)
def test_what_is_said_to_be_raised_is_an_error(name):
    ours = {public.__name__ for public in CLASSES.values()}
    for error in documented_errors(name):
        known = getattr(builtins, error, None)
        assert error in ours or (inspect.isclass(known) and issubclass(known, Exception)), error


FORMULAS = (
    "tinygrad_reg.transforms",
    "tinygrad_reg.derivatives.losses",
    "tinygrad_reg.derivatives.networks",
    "tinygrad_reg.derivatives.penalties",
    "tinygrad_reg.testing.differences",
    "tinygrad_reg.training.layers",
    "tinygrad_reg.training.steps",
)


@each([name for name, public in FUNCTIONS.items() if public.__module__ in FORMULAS])
def test_every_formula_has_a_source(name):
    source = "\n".join(sections(name)["References"])
    assert re.search(r"\b(19|20)\d\d\b|The lesson|As for `", source)


@each([name for name in DESCRIBED if not name.endswith(("NoRendererError", "CacheInfo"))])
def test_every_name_has_an_example(name):
    if not name.endswith(".__call__"):
        assert any(line.startswith(">>> ") for line in sections(name)["Examples"])


@each(DESCRIBED)
def test_an_example_runs_as_it_is_typed(name):
    example = doctest.DocTestParser().get_doctest(
        inspect.getdoc(DESCRIBED[name]), {}, name, None, 0
    )
    told = []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(example, out=told.append)
    assert not runner.failures, "".join(told)


@each(DESCRIBED)
def test_no_reference_is_taken_for_a_list(name):
    assert not re.match(r"[A-Z]\. ", "\n".join(sections(name)["References"]))


@each(DESCRIBED)
def test_neighbours_exist(name):
    module = name.rpartition(".")[0]
    for entry in entries(name, "See Also"):
        for neighbour in entry.name.split(", "):
            assert exists(neighbour) or exists(f"{module}.{neighbour}"), neighbour


def exists(name):
    try:
        return name.startswith("numpy.") or callable(resolve(name)) or name in ATTRIBUTES
    except AttributeError:
        return False


# What numpydoc finds besides. What is checked above is left out here, and what is decided
# otherwise: text begins on the line of the quotes, a summary may begin with a formula and take two
# lines, neighbours may share a description, a formula may end without a full stop.
NUMPYDOC = {
    "GL03", "GL05", "GL06", "GL08", "GL09", "GL10", "SS01", "SS04",
    "PR02", "PR03", "PR04", "PR05", "PR07", "PR10", "RT03",
}  # fmt: skip


@each(FUNCTIONS)
def test_numpydoc_finds_nothing(name):
    validate = pytest.importorskip("numpydoc.validate", reason="needs the extra docs").validate
    found = validate(name)["errors"]
    assert not [error for error in found if error[0] in NUMPYDOC]


# -- what is on the pages -----------------------------------------------------------------------


def listed():
    """The names in the tables of the reference, in full."""
    found, module, inside = [], "", False
    for line in (REFERENCE / "api.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif line.startswith(".. autosummary::"):
            inside = True
        elif line.startswith("```"):
            inside = False
        elif inside and re.fullmatch(r"   [\w.]+", line):
            found.append(f"{module}.{line.strip()}")
    return found


SECONDARY = {"CacheInfo", "NoRendererError"}  # on the page of the class that they belong to


def test_the_reference_lists_every_public_name_once_and_no_other():
    names = [name for name in listed() if name not in METHODS and name not in ATTRIBUTES]
    expected = [name for name in OBJECTS if name.rpartition(".")[2] not in SECONDARY]
    assert sorted(names) == sorted(expected)


def test_every_class_has_a_page():
    pages = {*directives("autoclass"), *directives("autoexception")}
    errors = {name for name, x in CLASSES.items() if issubclass(x, Exception)}
    assert pages | errors == set(CLASSES)


def test_the_page_of_tensor_names_everything_that_a_tensor_has():
    text = (REFERENCE / "classes" / "tensor.md").read_text(encoding="utf-8")
    text += inspect.getdoc(tg.Tensor)
    engines = {*tg.Tensor.__slots__, "current"} - {"grad", "name"}
    names = {name for name in dir(tg.Tensor) if not name.startswith("_")} - engines
    missing = {
        name for name in names if not re.search(rf"Tensor\.{name}\b|`{name}`|^{name} :", text, re.M)
    }
    assert not missing
