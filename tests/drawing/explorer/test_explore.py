"""`tg.explore`: a whole file or none, for everything that can be drawn."""

import html
import os
import re
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.drawing.explorer import Exploration


def loss():
    W = tg.Tensor([[3.0, 4.0]], requires_grad=True, name="W")
    return np.sum(np.tanh(W)) + tg.l2(W, lambd=0.5, m=1)


def test_the_page_is_written_where_it_was_asked_for(tmp_path):
    found = tg.explore(loss(), path=tmp_path / "page.html")
    assert isinstance(found, Exploration)
    assert found.path == tmp_path / "page.html"
    assert found.path.read_text(encoding="utf-8") == found.html
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert found.html.startswith("<!DOCTYPE html>")
    assert 'id="data"' in found.html


def test_the_page_goes_by_default_into_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tg.explore(loss()).path == Path("graph.html")
    assert (tmp_path / "graph.html").is_file()


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = tg.explore(loss(), path=None)
    assert found.path is None
    assert list(tmp_path.iterdir()) == []
    assert len(repr(found)) < 100


def test_a_page_that_was_there_is_replaced(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("old")
    found = tg.explore(loss(), path=str(page))
    assert page.read_text(encoding="utf-8") == found.html


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").write_text("")
    found = tg.explore(loss(), path=tmp_path / "page.html")
    assert found.path.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_file_that_was_there_keeps_its_permissions(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("old")
    page.chmod(0o600)
    tg.explore(loss(), path=page)
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text(encoding="utf-8") != "old"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
@pytest.mark.parametrize("content", ["old", None])
def test_what_a_link_leads_to_is_written(tmp_path, content):
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real.html", tmp_path / "link.html"
    if content is not None:
        real.write_text(content)
    link.symlink_to(real)
    found = tg.explore(loss(), path=link)
    assert found.path == link
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == found.html
    assert len(list(tmp_path.rglob("*"))) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    found = tg.explore(loss(), path=pipe)
    reader.join(timeout=10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert received == [found.html.encode()]
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_that_leads_to_itself_is_refused(tmp_path):
    link = tmp_path / "link.html"
    link.symlink_to(link)
    with pytest.raises(OSError, match="can be written"):
        tg.explore(loss(), path=link)
    assert list(tmp_path.iterdir()) == [link]


def test_a_notebook_shows_the_page_in_a_frame_that_can_reach_nothing():
    found = tg.explore(loss(), path=None)
    frame = found._repr_html_()
    assert re.fullmatch(r"<iframe [^>]*></iframe>", frame)
    assert 'sandbox="allow-scripts"' in frame
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == found.html


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("missing/page.html", "no folder"),
        (".", "is a folder"),
        ("file/page.html", "no folder"),
        ("n" * 500 + ".html", "can be written"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused(tmp_path, where, words):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match=words):
        tg.explore(loss(), path=tmp_path / where)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("when", ["before", "amid", "at the end"])
def test_where_the_disk_refuses_the_old_page_stays_and_no_other_file(tmp_path, monkeypatch, when):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    def refuse_amid(path, content):
        path.write_text(content[:100].decode())
        refuse()

    page = tmp_path / "page.html"
    page.write_text("old")
    if when == "at the end":
        monkeypatch.setattr(os, "replace", refuse)
    else:
        monkeypatch.setattr(Path, "write_bytes", refuse_amid if when == "amid" else refuse)
    with pytest.raises(PermissionError, match="Permission denied"):
        tg.explore(loss(), path=page)
    monkeypatch.undo()
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_function_is_explored_with_its_own_names(tmp_path):
    def cost(W, X):
        Z = W @ X
        return np.sum(Z)

    found = tg.explore(cost, np.ones((1, 2)), tg.Tensor(np.ones((2, 3))), path=None)
    for name in ("W", "X", "Z"):
        assert f'"name":"{name}"' in found.html


def test_a_function_that_fails_raises_its_own_error_and_no_file_is_written(tmp_path):
    class OwnError(Exception):
        pass

    def fails(W):
        raise OwnError("no such weight")

    with pytest.raises(OwnError, match="no such weight") as caught:
        tg.explore(fails, np.ones(2), path=tmp_path / "page.html")
    assert caught.traceback[-1].name == "fails"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "arguments"),
    [("text", ()), (3.0, ()), (lambda W: None, (1.0,)), (lambda a, b: a, (1.0,))],
)
def test_what_has_no_graph_is_refused(tmp_path, target, arguments):
    with pytest.raises(TypeError, match=r"explore was given .*[Ee]xpected"):
        tg.explore(target, *arguments, path=tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_of_a_program_its_function_is_explored():
    program = tg.compile(tg.value_and_grad(lambda w: np.sum(np.tanh(w))))
    page = tg.explore(program, np.ones(3), path=None).html
    assert "tanh" in page
    assert '"no_backward":null' in page
    for target in (program, program.trace(np.ones(3)).graph):
        with pytest.raises(TypeError, match="example arguments"):
            tg.explore(target, path=None)


def test_a_single_leaf_has_a_page(tmp_path):
    found = tg.explore(tg.Tensor([1.0, 2.0], name="data"), path=tmp_path / "page.html")
    assert '"no_backward":"' in found.html


def test_a_page_goes_by_the_name_of_its_function():
    def network(W, b):
        A = W * 2
        return np.sum(np.tanh(A) + b)

    def titled(target, *arguments):
        return re.search("<title>(.*?)</title>", tg.explore(target, *arguments, path=None).html)[1]

    given = np.ones(3), np.ones(1)
    expected = titled(network, *given)
    assert expected.startswith("network")
    assert titled(tg.compile(network), *given) == expected
    assert titled(lambda W: np.sum(W * W), np.ones(3)) == expected.replace("network", "J")
    assert titled(tg.grad(network), np.ones(3), 1.0) == expected.replace("network", "dW")
