"""The command line: `python -m tinygrad_reg tour`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import which
from typing import Annotated, NoReturn

import typer
from rich.console import Console

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
