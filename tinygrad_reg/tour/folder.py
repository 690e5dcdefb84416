"""The folder of the report: the tour writes into its own folders and into no others."""

from __future__ import annotations

from pathlib import Path

from tinygrad_reg.files import replace

__all__ = ["MARKER", "FolderError", "prepare", "write"]

MARKER = ".made-by-tinygrad-reg-tour"


class FolderError(Exception):
    """The report cannot be written where it was asked for."""


def prepare(out: Path) -> None:
    """Make the folder for the report, or recognize one that the tour made before.

    Raises
    ------
    FolderError
        If `out` is a file, is not writable, or is a folder with files in it that the tour did
        not make. Nothing has been changed then.
    """
    if out.exists() and not out.is_dir():
        raise FolderError(f"--out {out} is a file: give the name of a folder, or of a new one")
    try:
        if out.is_dir() and not (out / MARKER).exists() and any(out.iterdir()):
            raise FolderError(
                f"--out {out} is a folder with other files in it, which the tour leaves alone: "
                f"give a new folder, such as --out {out / 'tour-report'}"
            )
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(out, error) from error
    write(out / MARKER, "The tour of tinygrad_reg made this folder and may overwrite it.\n")


def write(path: Path, text: str) -> None:
    """Replace a file at once.

    Raises
    ------
    FolderError
        If it cannot be written.
    """
    try:
        replace(path, text.encode())
    except OSError as error:
        raise not_writable(path.parent, error) from error


def not_writable(out: Path, error: OSError) -> FolderError:
    """What to say about a folder that refused."""
    return FolderError(
        f"--out {out} is not writable ({error.strerror or error}): give another folder, such as "
        "--out ~/tour-report"
    )
