"""What is answered to files that break: in words, with the learner's line, and never our own."""

import pytest

from tests.exercises.test_exercises import answer_to
from tinygrad_reg.exercises import check, examining, find
from tinygrad_reg.exercises.answers import Answer, written
from tinygrad_reg.exercises.checking import examine_apart

BROKEN = {
    "a syntax error": (
        "def tanh_derivative(y):\n    return (1 - y\n",
        ("cannot read line 2", "'(' was never closed", "line 2: return (1 - y"),
    ),
    "a wrong indentation": ("def tanh_derivative(y):\nreturn 1\n", ("cannot read line 2",)),
    "no Python at all": ("tanh = 1 \0", ("null bytes",)),
    "an error while the file is run": (
        "import nunpy as np\n",
        ("Line 1 raises ModuleNotFoundError", "import nunpy"),
    ),
    "no function of that name": (
        "def tanh_derivate(y):\n    return 1 - y * y\n",
        ("no function tanh_derivative", "There is tanh_derivate", "Was it renamed"),
    ),
    "another number of arguments": (
        "def tanh_derivative(y, x):\n    return 1 - y * y\n",
        ("takes (y, x): expected tanh_derivative(y)",),
    ),
    "something else under that name": ("tanh_derivative = 3\n", ("tanh_derivative is 3",)),
    "a gap in the middle": ("tanh_derivative = ...\n", ("The gap is not filled yet",)),
    "a name that is not defined": (
        "def tanh_derivative(y):\n    return 1 - nq.square(y)\n",
        ("Line 2 raises NameError", "'nq' is not defined", "spelled"),
    ),
    "an error far from the file": (
        "import numpy as np\n\ndef tanh_derivative(y):\n    return np.reshape(1 - y * y, (7, 7))\n",
        ("Line 4 raises ValueError", "np.reshape(1 - y * y, (7, 7))"),
    ),
    "no return": ("def tanh_derivative(y):\n    1 - y * y\n", ("gives None", "`return`")),
    "an ellipsis": ("def tanh_derivative(y):\n    return ...\n", ("gives Ellipsis",)),
    "a text": ("def tanh_derivative(y):\n    return '1 - y'\n", ("is a text: expected",)),
    "truth values": ("def tanh_derivative(y):\n    return y > 0\n", ("truth value",)),
    "a tensor": (
        "import tinygrad_reg as tg\n\ndef tanh_derivative(y):\n    return tg.Tensor(1 - y * y)\n",
        ("is a Tensor: expected",),
    ),
    "an end of Python": (
        "import sys\n\ndef tanh_derivative(y):\n    sys.exit()\n",
        ("Line 4 ends Python", "return"),
    ),
    "an end of Python in the file": ("raise SystemExit\n", ("ends Python while the file is run",)),
    "a recursion": (
        "def tanh_derivative(y):\n    return tanh_derivative(y)\n",
        ("RecursionError", "calls itself"),
    ),
    "a word of Python's own as a name": (
        "def tanh_derivative(y):\n    return 1 - lambda / m * y\n",
        ("cannot read line 2", "`lambda` is a word of Python's own"),
    ),
    "a name that a module does not have": (
        "import numpy as np\n\ndef tanh_derivative(y):\n    return 1 - np.sqare(y)\n",
        ("Line 4 raises AttributeError", "is it spelled right?"),
    ),
    "an array that is not filled": (
        "import itertools\n\ncount = itertools.count()\n\n"
        "def tanh_derivative(y):\n    return 1 - y * y + next(count) % 3 % 2\n",
        ("np.empty_like begin with whatever was in memory",),
    ),
    "another answer every time": (
        "import itertools\n\ncount = itertools.count()\n\n"
        "def tanh_derivative(y):\n    return 1 - y * y + next(count) % 3 % 2\n",
        ("different results for the same arguments",),
    ),
    "an error on one path only": (
        "def tanh_derivative(y):\n    if y.ndim == 2:\n        raise KeyError('rows')\n"
        "    return 1 - y * y\n",
        ("Line 3 raises KeyError", "shape (1, 1)"),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_answered_in_words(what, tmp_path):
    text, words = BROKEN[what]
    answer = answer_to("tanh", text, tmp_path)
    assert not answer.passed
    said = " ".join(str(answer).split())
    assert all(" ".join(word.split()) in said for word in words), str(answer)
    assert "Traceback" not in said
    assert "examining.py" not in said


def test_a_real_lambda_with_a_slip_is_not_taken_for_the_strength(tmp_path):
    answer = answer_to("tanh", "tanh_derivative = lambda y: 1 - y * y)\n", tmp_path)
    assert "cannot read line 1" in answer.finding
    assert not answer.hint


def test_several_results_in_place_of_one_are_named(tmp_path):
    answer = answer_to("matmul", "def matmul_pullback(g, A, B):\n    return g @ B.T\n", tmp_path)
    assert "an array of numbers: expected a tuple of dA, dB" in answer.finding
    answer = answer_to("planted_bug", "def gradients(*everything):\n    return {}\n", tmp_path)
    assert "a dict: expected a dict with the keys dW2, db2, dW1, db1" in answer.finding


def test_what_the_file_printed_at_the_counterexample_is_shown(tmp_path):
    text = "def tanh_derivative(y):\n    print('y is', y)\n    return 1 - y\n"
    answer = answer_to("tanh", text, tmp_path)
    assert answer.printed == "y is 0.5\n"
    assert "y is 0.5" in str(answer)


def test_what_is_printed_a_thousand_times_is_cut(tmp_path):
    text = "def tanh_derivative(y):\n    print('y\\n' * 1000)\n    return 1 - y\n"
    shown = str(answer_to("tanh", text, tmp_path))
    assert "lines before" in shown
    assert len(shown.splitlines()) < 30


def test_of_what_is_printed_without_end_only_a_part_is_kept(tmp_path):
    text = "def tanh_derivative(y):\n    for _ in range(500):\n        print('y' * 1000)\n"
    printed = answer_to("tanh", text, tmp_path).printed
    assert printed.endswith("and more, which is not kept\n")
    assert len(printed) < 101_000


def test_a_complex_number_is_not_called_a_number(tmp_path):
    text = "def tanh_derivative(y):\n    return 1 - y * y + 0j\n"
    assert "is a complex number: expected a number" in answer_to("tanh", text, tmp_path).finding


def test_an_argument_changed_in_place_is_noticed_though_the_result_is_right(tmp_path):
    text = "def tanh_derivative(y):\n    y *= -y\n    y += 1\n    return y\n"
    answer = answer_to("tanh", text, tmp_path)
    assert "changes its argument y in place" in answer.finding


def test_warnings_of_the_file_are_no_errors(tmp_path):
    text = (
        "import warnings\n\ndef tanh_derivative(y):\n    warnings.warn('!')\n    return 1 - y*y\n"
    )
    assert answer_to("tanh", text, tmp_path).passed


@pytest.mark.parametrize(
    "loop",
    ["def tanh_derivative(y):\n    while True:\n        y = y\n", "while True:\n    1\n"],
    ids=["in the function", "in the file"],
)
def test_an_endless_loop_is_ended_and_its_line_named(loop, tmp_path):
    (tmp_path / "tanh.py").write_text(loop)
    answer = examine_apart(find("tanh"), tmp_path / "tanh.py", call_limit=0.5)
    assert "still running after 0.5 seconds" in answer.finding
    assert answer.line
    assert not answer.passed


def test_a_process_that_breaks_off_is_answered_in_words(tmp_path):
    (tmp_path / "tanh.py").write_text("import os\nos._exit(7)\n")
    assert "Python ended in the middle of the check, with code 7" in str(check("tanh", tmp_path))


def test_an_answer_survives_the_way_between_processes():
    answer = Answer("tanh", False, "found", (("given", "y = 1"),), "hint", "line 1: y", "out")
    assert Answer.from_json(answer.to_json()) == answer


def test_a_formula_is_not_broken_between_lines():
    words = " ".join(["word"] * 15)
    shown = str(Answer("tanh", False, "", hint=f"{words} lambd / (2 * m) * W + dW at last"))
    assert "lambd / (2 * m) * W + dW" in shown
    assert max(map(len, shown.splitlines())) <= 76


def test_numbers_that_look_the_same_get_more_digits(tmp_path):
    text = "def tanh_derivative(y):\n    return 1.00001 * (1 - y * y)\n"
    shown = dict(answer_to("tanh", text, tmp_path).shown)
    assert shown["came out"] != shown["expected"].partition(",")[0]


def test_values_are_written_as_one_types_them():
    assert written(lambda x: x).startswith("<lambda>")
    assert written({"a": 1.0, "b": [2.0, None]}) == "'a': 1.0\n'b': [2.0, None]"
    assert written(examining).endswith("...") or len(written(examining)) <= 303
    assert find("tanh").number == 1
