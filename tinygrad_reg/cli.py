"""The command line: `python -m tinygrad_reg tour`, `check` and `rules`."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import which
from typing import Annotated, NoReturn

import numpy as np
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tinygrad_reg import __version__

__all__ = ["app"]

app = typer.Typer(
    help="Automatic differentiation on NumPy, with regularization in the graph.",
    no_args_is_help=True,
    add_completion=False,
)


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
    function: Annotated[
        str, typer.Argument(help="module:function or path/to/file.py:function", show_default=False)
    ],
    shape: Annotated[
        list[str] | None,
        typer.Option(
            help="Random numbers for an argument, by its shape: W=2,3. As often as needed."
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(help="A value for an argument, in NumPy: 'X=np.ones((2, 3))'."),
    ] = None,
    order: Annotated[int, typer.Option(min=1, max=4, help="Highest order of derivative.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 0,
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
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        stop(f"{function} cannot be checked: {type(error).__name__}: {error}{notes}", code=2)
    sizes = ", ".join(f"{name} {np.shape(x)}" for name, x in chosen.items())
    typer.echo(f"{function}: gradients with respect to {sizes} are right, up to order {order}")


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
