"""Files that are written in full or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path

__all__ = ["replace", "write"]


def write(path: Path, content: bytes, what: str) -> None:
    """Write a file in full or not at all; through links, and with the permissions that it had.

    `what` is what messages call the content.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is left as it was.

    Examples
    --------
    >>> write(Path("missing/graph.html"), b"", "the page")
    Traceback (most recent call last):
        ...
    FileNotFoundError: the page was to be written to 'missing/graph.html': there is no folder ...
    """
    target = Path(os.path.realpath(path))
    try:
        if is_replaceable(path):
            replace(target, content)
        else:
            path.write_bytes(content)  # into a device or a pipe; of a folder this is an error
    except OSError as error:
        folder = target.parent
        reason = error.strerror or str(error)
        if not folder.is_dir() and not path.exists():
            reason = f"there is no folder {str(folder)!r}"
        raise type(error)(
            f"{what} was to be written to {str(path)!r}: {reason}. Expected a path that can be "
            "written"
        ) from error


def is_replaceable(path: Path) -> bool:
    """Whether a path leads to an ordinary file, or to nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def replace(target: Path, content: bytes) -> None:
    """Put a new file in the place of an old one, or none if that breaks off.

    A reader sees the old or the new one, never half of it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    passing = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        passing.touch(exist_ok=False)
        if target.exists():
            shutil.copymode(target, passing)  # before there is anything in it to read
        passing.write_bytes(content)
        os.replace(passing, target)
    finally:
        passing.unlink(missing_ok=True)
