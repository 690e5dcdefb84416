"""The command line: `python -m tinygrad_reg tour`, `check`, `program`, `explore`, `exercises`..."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import numpy as np
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tinygrad_reg import __version__

if TYPE_CHECKING:
    from tinygrad_reg.compiler import Program
    from tinygrad_reg.exercises import Answer, Progress

__all__ = ["app"]

app = typer.Typer(
    help="Automatic differentiation on NumPy, with regularization in the graph.",
    no_args_is_help=True,
    add_completion=False,
)


# How `check` and `program` are told what to call, and with what.
Named = Annotated[
    str, typer.Argument(help="module:function or path/to/file.py:function", show_default=False)
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(help="Random numbers for an argument, by its shape: W=2,3. As often as needed."),
]
Values = Annotated[
    list[str] | None,
    typer.Option(help="A value for an argument, in NumPy: 'X=np.ones((2, 3))'."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")]


def described(error: Exception) -> str:
    """An error of the user's function in words, with its notes."""
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error}{notes}"


def stop(message: str, code: int) -> NoReturn:
    """Say what is wrong on one line of stderr, and end."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(code)


def print_version(wanted: bool) -> None:
    """Print the version and end, if asked to."""
    if wanted:
        typer.echo(f"tinygrad_reg {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Automatic differentiation on NumPy, with regularization in the graph."""


@app.command()
def tour(
    out: Annotated[
        Path, typer.Option(help="Folder of the report: a new one, or one the tour made before.")
    ] = Path("tour-report"),
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the data splits and of the first weights.")
    ] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train for fewer steps: seconds instead of a minute.")
    ] = False,
) -> None:
    """Show the regularization lesson on real data, and write a page about it.

    Prints tables and writes OUT/index.html, which opens by double click.

    Exit code 0: all is well; 1: a measured number misses its limit; 2: no tour.
    """
    missing = missing_packages()
    if missing:
        stop(
            f"the tour needs {' and '.join(missing)}, not installed here. Install with: "
            "python -m pip install 'tinygrad-reg[tour]'",
            code=2,
        )
    from tinygrad_reg.tour import FolderError, Settings, run

    console = Console()
    try:
        done = run(out.expanduser(), Settings(seed, quick), console)
    except FolderError as error:
        stop(str(error), code=2)
    console.print(f"The page: {done.page}", soft_wrap=True)
    if done.misses:
        stop("; ".join(done.misses), code=1)


@app.command()
def check(
    function: Named,
    shape: Shapes = None,
    value: Values = None,
    order: Annotated[int, typer.Option(min=1, max=4, help="Highest order of derivative.")] = 2,
    seed: Seed = 0,
) -> None:
    """Check the gradients of a function, and say what is wrong with one that is wrong.

    Arguments without --shape or --value are variables of the same name in the function's module,
    or defaults. Derivatives are taken with respect to all that are arrays of floats.

    Exit code 0: they are right; 1: one is wrong; 2: the function cannot be checked.
    """
    from tinygrad_reg.testing import GradientMismatch, check_gradients
    from tinygrad_reg.testing.lookup import (
        LookupProblem,
        arguments_for,
        differentiable,
        find_function,
    )

    try:
        found = find_function(function)
        given = arguments_for(found, shape or [], value or [], seed)
        f, chosen = differentiable(found, given)
        check_gradients(f, *chosen.values(), order=order)
    except LookupProblem as problem:
        stop(str(problem), code=2)
    except GradientMismatch as mismatch:
        stop(f"wrong gradient of {function}\n{mismatch}", code=1)
    except Exception as error:
        stop(f"{function} cannot be checked: {described(error)}", code=2)
    sizes = ", ".join(f"{name} {np.shape(x)}" for name, x in chosen.items())
    typer.echo(f"{function}: gradients with respect to {sizes} are right, up to order {order}")


@app.command()
def program(
    function: Named,
    shape: Shapes = None,
    value: Values = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Differentiate by this argument; without it, by all that are made of floats. "
            "As often as needed."
        ),
    ] = None,
    grad: Annotated[
        bool, typer.Option("--grad", help="The gradient without the function's value.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="The function itself, without a derivative.")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="The program that is run, with its buffers.")
    ] = False,
    static: Annotated[
        list[str] | None,
        typer.Option(help="An argument that the program is written for: a size, a switch."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file.", show_default=False)
    ] = None,
    seed: Seed = 0,
) -> None:
    """Print the NumPy program behind a function: forward and backward pass, ready to run.

    Of a function that returns one number, the program of its value and gradient; of any other, of
    the function itself. Arguments without --shape or --value are variables of the same name in
    the function's module, or defaults.

    Exit code 0: it is written; 2: there is no program for this function.
    """
    from tinygrad_reg import TracingError
    from tinygrad_reg.compiler import Program
    from tinygrad_reg.testing.lookup import LookupProblem, arguments_for, find_function

    if plain and (grad or by):
        stop("--plain takes no derivative: leave out --grad and --by, or --plain", code=2)
    try:
        found = find_function(function)
        found = found.function if isinstance(found, Program) else found
        given = arguments_for(found, shape or [], value or [], seed)
        written = program_of(found, given, by or [], static or [], grad=grad, plain=plain)
        source = written.fast_source if fast else written.source
    except LookupProblem as problem:
        stop(str(problem), code=2)
    except TracingError as error:
        stop(f"{function} has no program: {error}", code=2)
    except Exception as error:
        stop(f"{function} has no program: {described(error)}", code=2)
    if not fast and written.constants:
        arrays = ", ".join(f"{name} {x.shape}" for name, x in written.constants.items())
        typer.echo(f"Note: arrays too large to be written out are arguments: {arrays}", err=True)
    if output is None:
        show_source(source)
    else:
        save_source(source, output, found)


def program_of(
    function: Callable[..., Any],
    given: dict[str, Any],
    by: list[str],
    static: list[str],
    *,
    grad: bool,
    plain: bool,
) -> Program:
    """The program of a function, or of its derivative, written for given arguments.

    Raises
    ------
    LookupProblem
        If an argument that was named is none, or cannot be differentiated by.
    """
    import tinygrad_reg as tg
    from tinygrad_reg.testing.lookup import LookupProblem, is_floating

    parameters = inspect.signature(function).parameters
    by_name = [name for name in given if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY]
    keywords = {
        name: given[name] for name in by_name if given[name] is not parameters[name].default
    }
    positional = [name for name in given if name not in by_name]
    floating = [name for name in positional if name not in static and is_floating(given[name])]
    for option, names, known in (("--by", by, floating), ("--static", static, list(given))):
        for name in names:
            if name not in known:
                raise LookupProblem(
                    f"{option} {name}: expected one of {', '.join(known) or 'none'}"
                    + (", which are made of floats" if option == "--by" else "")
                )
    chosen = [positional.index(name) for name in by or floating]
    args = [given[name] for name in positional]
    if not plain and (grad or by or (chosen and is_number(function(*args, **keywords)))):
        if not chosen:
            raise LookupProblem("none of the arguments is made of floats, to differentiate by")
        derivative = tg.grad if grad else tg.value_and_grad
        function = derivative(function, chosen[0] if len(chosen) == 1 else chosen)
    return tg.compile(function, static=static).trace(*args, **keywords)


def is_number(x: Any) -> bool:
    """Whether a result is a single number that could have a derivative."""
    return isinstance(x, float) or (getattr(x, "shape", None) == () and x.dtype.kind == "f")


def show_source(source: str) -> None:
    """Print Python: in colours on a terminal, else as it is, in UTF-8 as Python files are."""
    if not sys.stdout.isatty():
        typer.echo(source.encode(), nl=False)
        return
    from rich.syntax import Syntax

    highlighted = Syntax("", "python", theme="ansi_dark").highlight(source)
    Console().print(highlighted, soft_wrap=True, end="")


def save_source(source: str, path: Path, function: Callable[..., Any]) -> None:
    """Write Python to a file that is not the function's own."""
    try:
        own = getattr(inspect.unwrap(function), "__code__", None)
        if own is not None and path.resolve() == Path(own.co_filename).resolve():
            stop(f"--output {path} is the file of the function itself: give another one", code=2)
        path.write_text(source, encoding="utf-8")
    except OSError as error:
        stop(f"--output {path} cannot be written ({error.strerror or error})", code=2)


@app.command()
def explore(
    function: Named,
    shape: Shapes = None,
    value: Values = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A parameter; everything else is data. Without it, all that are made of floats "
            "are parameters. As often as needed."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="The page to write.")] = Path("graph.html"),
    seed: Seed = 0,
) -> None:
    """Write a page in which to walk through a function forward and backward, step by step.

    Arguments without --shape or --value are variables of the same name in the function's module,
    or defaults. The page is one file that opens by double click.

    Exit code 0: it is written; 2: the function cannot be explored.
    """
    import tinygrad_reg as tg
    from tinygrad_reg.compiler import Program
    from tinygrad_reg.testing.lookup import LookupProblem, arguments_for, find_function

    try:
        found = find_function(function)
        found = found.function if isinstance(found, Program) else found
        given = arguments_for(found, shape or [], value or [], seed)
        page = tg.explore(*call_of(found, given, by or []), path=output)
    except (LookupProblem, OSError) as problem:
        stop(str(problem), code=2)
    except Exception as error:
        stop(f"{function} cannot be explored: {described(error)}", code=2)
    typer.echo(f"The page: {page.path}")


def call_of(function: Callable[..., Any], given: dict[str, Any], by: list[str]) -> list[Any]:
    """A function and its arguments by position; those that are not among `by` become data.

    Raises
    ------
    LookupProblem
        If an argument that was named is none.
    """
    import optree

    import tinygrad_reg as tg
    from tinygrad_reg.testing.lookup import LookupProblem, is_floating

    for name in by:
        if name not in given or not is_floating(given[name]):
            floating = [name for name, x in given.items() if is_floating(x)]
            raise LookupProblem(
                f"--by {name}: expected one of {', '.join(floating) or 'none'}, which are made of "
                "floats"
            )
    arguments = {
        name: optree.tree_map(tg.Tensor, x) if by and name not in by and is_floating(x) else x
        for name, x in given.items()
    }
    parameters = inspect.signature(function).parameters
    keywords = {
        name: arguments.pop(name)
        for name in given
        if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    }
    return [partial(function, **keywords) if keywords else function, *arguments.values()]


@app.command()
def rules(
    name: Annotated[
        str, typer.Argument(help="Only operations whose name contains this.", show_default=False)
    ] = "",
) -> None:
    """Print the derivative table: every operation with its rule as it is written in the code.

    In a rule, y is the result and the other letters are arguments.
    """
    from tinygrad_reg.derivatives.listing import lines

    importable("scipy.special")  # its lines are entered when it is imported
    shown = [line for line in lines() if name.lower() in line.operation.lower()]
    if not shown:
        stop(f"there is no operation with {name!r} in its name", code=2)
    table = Table(
        "operation", "form", "derivative", "domain", "kinks: subgradient chosen", box=SIMPLE
    )
    for line in shown:
        table.add_row(line.operation, line.form, "\n".join(line.formulas), line.domain, line.kinks)
    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False, highlight=False).print(table)


exercises = typer.Typer(
    help="Exercises that check themselves: small files with a gap, answered with a hint.",
    add_completion=False,
)
app.add_typer(exercises, name="exercises", invoke_without_command=True)
OurFolder = Annotated[
    Path | None, typer.Option(help="Your folder of exercises. [default: exercises]")
]
Wanted = Annotated[
    str | None, typer.Argument(help="Name or number of an exercise.", show_default=False)
]


@exercises.callback()
def list_exercises(context: typer.Context, folder: OurFolder = None) -> None:
    """List the exercises in their order, and how far you are with each.

    Begin with: python -m tinygrad_reg exercises start

    Exit code 0: they are listed; 2: the folder cannot be read.
    """
    context.obj = folder
    if context.invoked_subcommand is not None:
        return
    from tinygrad_reg.exercises import EXERCISES, next_to_start, state_of

    place = folder_of(context, None)
    progress = progress_in(place)
    table = Table("", "exercise", "what it teaches", "chapter", "state", box=SIMPLE)
    for exercise in EXERCISES:
        state = state_of(exercise, place, progress)
        style = {"p": "green", "b": "yellow"}.get(state[0], "")
        table.add_row(
            str(exercise.number),
            exercise.name,
            exercise.teaches,
            str(exercise.chapter_number),
            f"[{style}]{state}[/]" if style else state,
        )
    width = None if sys.stdout.isatty() else 120
    Console(width=width, highlight=False).print(table)
    following = next_to_start(place, progress)
    if following is not None:
        typer.echo(f"Next: {command('start', following.name, place)}")


@exercises.command("start")
def start_exercise(context: typer.Context, name: Wanted = None, folder: OurFolder = None) -> None:
    """Copy an exercise to your folder: a small file with a gap. Without NAME, the next one.

    A file that is there already is never written over.

    Exit code 0: it is there; 2: there is no such exercise, or it cannot be written.
    """
    from tinygrad_reg.exercises import (
        FolderProblem,
        NoSuchExercise,
        file_of,
        find,
        next_to_start,
        start,
    )

    place = folder_of(context, folder)
    try:
        exercise = find(name) if name is not None else next_to_start(place, progress_in(place))
        if exercise is None:
            typer.echo("Every exercise is begun. How far each is: " + command("", "", place))
            return
        path = file_of(exercise, place)
        if start(exercise, place):
            typer.echo(f"{path}: {exercise.teaches}. Fill the gap, then ask for an answer:")
        else:
            typer.echo(
                f"{path} is there already and is left as it is. For a fresh one, rename or delete "
                f"it, or use another folder: {command('start', exercise.name, Path('fresh'))}\n"
                "To have it checked:"
            )
    except (NoSuchExercise, FolderProblem) as problem:
        stop(str(problem), code=2)
    typer.echo(command("check", exercise.name, place))


@exercises.command("check")
def check_exercise(
    context: typer.Context,
    name: Wanted = None,
    folder: OurFolder = None,
    solution: Annotated[
        bool, typer.Option("--solution", help="Show a solution, and why it is right.")
    ] = False,
) -> None:
    """Try your file on random examples, and answer with the smallest that fails and a hint.

    Without NAME, all that you have begun are checked.

    Exit code 0: passed; 1: not yet; 2: nothing could be checked.
    """
    from tinygrad_reg.exercises import (
        EXERCISES,
        CannotCheck,
        FolderProblem,
        NoSuchExercise,
        check,
        file_of,
        find,
        next_to_start,
    )

    place = folder_of(context, folder)
    if solution and name is None:
        stop("--solution needs the name of an exercise, such as: check tanh --solution", code=2)
    try:
        if solution and name is not None:
            show_source(find(name).solution)
            return
        begun = [exercise.name for exercise in EXERCISES if file_of(exercise, place).exists()]
        if name is None and not begun:
            raise CannotCheck(
                f"nothing is begun in {place}. Begin with: {command('start', '', place)}"
            )
        progress_in(place)  # says so if it is damaged
        answers = []
        for wanted in [name] if name is not None else begun:
            answers.append(check(wanted, place))
            show_answer(answers[-1])
        following = next_to_start(place, progress_in(place))
    except (NoSuchExercise, CannotCheck, FolderProblem) as problem:
        stop(str(problem), code=2)
    if not all(answer.passed for answer in answers):
        raise typer.Exit(1)
    if following is not None:
        typer.echo(f"Next: {command('start', following.name, place)}")


def folder_of(context: typer.Context, folder: Path | None) -> Path:
    """The learner's folder, which may be named before or after the command."""
    return (folder or context.obj or Path("exercises")).expanduser()


def progress_in(folder: Path) -> dict[str, Progress]:
    """What is known of the learner's progress; a word on stderr if the file of it is damaged."""
    from tinygrad_reg.exercises import FolderProblem, read_progress

    try:
        progress, damage = read_progress(folder)
    except FolderProblem as problem:
        stop(str(problem), code=2)
    if damage:
        typer.echo(f"Note: {damage}", err=True)
    return progress


def command(what: str, name: str, folder: Path) -> str:
    """What to type for an exercise, with the folder where it is not the usual one."""
    option = "" if folder == Path("exercises") else f"--folder {shlex.quote(str(folder))}"
    parts = ("python -m tinygrad_reg exercises", what, name, option)
    return " ".join(part for part in parts if part)


def show_answer(answer: Answer) -> None:
    """Print the answer to an attempt: in colours on a terminal."""
    from rich.text import Text

    text = Text(f"{answer}\n")
    text.stylize("bold green" if answer.passed else "bold yellow", 0, len(answer.headline))
    text.highlight_regex(
        r"(?m)^  (given|came out|expected|after the call|before it|line \d+:)", "cyan"
    )
    text.highlight_regex(r"(?m)^(Hint):", "bold magenta")
    Console().print(text, soft_wrap=True)


def missing_packages() -> list[str]:
    """What the tour needs and cannot use."""
    needed = {"scikit-learn": importable("sklearn"), "matplotlib": importable("matplotlib")}
    if which("dot") is None:
        needed["graphviz-pure"] = installed("graphviz-pure")
    return [name for name, found in needed.items() if not found]


def importable(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def installed(package: str) -> bool:
    """Whether a package is installed; for one that holds a program and no module."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
