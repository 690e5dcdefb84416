"""The quick tour, run once: every number on its page holds what the lesson says."""

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from itertools import count

import numpy as np
import pytest
from rich.console import Console
from sklearn.linear_model import LogisticRegression

import tinygrad_reg as tg
from tinygrad_reg.tour import PARTS, Settings, folder, read_the_program, run, weight_decay
from tinygrad_reg.tour.blocks import Figure, Finding, Listing, Prose, Section, Table
from tinygrad_reg.tour.choosing_lambd import REGIMES, ChoosingLambd, Row
from tinygrad_reg.tour.choosing_lambd import section as section_of_choosing
from tinygrad_reg.tour.cost import Timing
from tinygrad_reg.tour.data import breast_cancer, digits
from tinygrad_reg.tour.l1_against_l2 import LAMBDS, PROXIMAL_WAY, SMOOTH, SUBGRADIENT, train
from tinygrad_reg.tour.models import logistic_cost
from tinygrad_reg.tour.read_the_program import COST, LESSON, Times, aligned, defined_in
from tinygrad_reg.tour.read_the_program import section as section_of_program
from tinygrad_reg.tour.report import page
from tinygrad_reg.training import weight_decay_step

TITLES = (
    "1. See the graph",
    "2. Why it is called weight decay",
    "3. Choosing λ",
    "4. L1 against L2",
    "5. Not the bias",
    "6. Read what the engine derived",
    "7. What it cost",
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A quick tour, and what it printed."""
    out = tmp_path_factory.mktemp("tour") / "report"
    printed = StringIO()
    tour = run(out, Settings(seed=0, quick=True), Console(file=printed, width=100))
    return tour, printed.getvalue()


@pytest.fixture(scope="module")
def html(done):
    return done[0].page.read_text(encoding="utf-8")


def test_every_parameter_agrees_with_finite_differences(done):
    part = done[0].see_the_graph
    assert len(part.entries) == part.n_x + 1 == 31
    assert 0 < part.largest_error <= 1e-7
    assert all(np.isfinite(entry.engine) and entry.engine != 0 for entry in part.entries)
    assert part.cost == pytest.approx(part.mean_loss + part.penalty)
    assert part.penalty > 0


def test_the_picture_shows_the_penalty(done):
    assert re.search("l2|‖", done[0].see_the_graph.picture)
    assert "penalty" in done[0].see_the_graph.picture


def test_both_ways_of_training_are_the_same_run(done):
    part = done[0].weight_decay
    assert 0 < part.largest_difference <= 1e-12
    assert all(len(run.norms) == part.steps + 1 for run in part.runs)
    ends = [run.norms[-1] for run in part.runs]
    assert ends == sorted(ends, reverse=True)
    assert len(set(ends)) == len(ends)


def test_a_difference_in_a_single_step_is_not_lost(monkeypatch):
    def wrong_once(parameters, gradient, *arguments):
        stepped = weight_decay_step(parameters, gradient, *arguments)
        if next(calls) == 1:
            stepped["W"] = stepped["W"] + 1e-3
        return stepped

    calls = count()
    monkeypatch.setattr(weight_decay, "weight_decay_step", wrong_once)
    start = {"W": np.ones((1, 30)), "b": np.zeros((1, 1))}
    run = weight_decay.two_ways(breast_cancer(seed=0), start, 100.0, 200)
    assert 5e-4 < run.largest_difference < 5e-3


def test_only_the_training_labels_asked_for_are_wrong():
    right, wrong = digits(3, 50, 0), digits(3, 50, 7)
    np.testing.assert_array_equal(right.X, wrong.X)
    np.testing.assert_array_equal(right.Y_dev, wrong.Y_dev)
    changed = np.any(right.Y != wrong.Y, axis=0)
    assert np.count_nonzero(changed) == 7
    assert len({int(label) for label in np.argmax(wrong.Y[:, changed], axis=0)}) > 1
    assert right.X.shape == (64, 50)
    assert right.Y.shape == (10, 50)


def test_the_tumours_are_standardized_by_the_training_set_only():
    split = breast_cancer(seed=2)
    assert split.X.shape == (30, 400)
    assert split.X_dev.shape == (30, 169)
    np.testing.assert_allclose(np.mean(split.X, axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.std(split.X, axis=1), 1)
    assert np.max(np.abs(np.mean(split.X_dev, axis=1))) > 1e-3


def test_the_decay_factor_of_the_lesson_is_shown_printed_and_exact(done, html):
    for text in (done[1], html):
        assert re.search(r"0\.999999(?!9)", text)
        assert "0.99999999" in text


def test_all_three_regimes_are_measured(done):
    part = done[0].choosing_lambd
    without, chosen, largest = part.rows[0], part.chosen, part.rows[-1]
    assert part.shown == REGIMES
    assert [row.lambd for row in part.rows] == [0, 0.01, 0.1, 1, 10, 100]
    assert without.training_error == 0
    assert without.dev_error > 0.1
    assert chosen.dev_error < without.dev_error - 0.01
    assert chosen.training_error < 0.1
    assert largest.training_error > 0.5
    assert largest.dev_error > 0.5
    squares = [row.squares for row in part.rows]
    assert squares == sorted(squares, reverse=True)


def test_only_proximal_steps_make_weights_exactly_zero(done):
    part = done[0].l1_against_l2
    assert max(part.zeros(SUBGRADIENT)) <= 1
    assert max(part.zeros(SMOOTH)) == 0
    zeros = part.zeros(PROXIMAL_WAY)
    assert zeros[LAMBDS.index(10.0)] >= 10
    assert zeros == sorted(zeros)
    assert zeros[-1] < 30


def test_proximal_steps_find_the_weights_that_scikit_learn_finds():
    split, lambd = breast_cancer(seed=0), 30.0
    start = {"W": np.zeros((1, 30)), "b": np.zeros((1, 1))}
    fit = train(split, start, PROXIMAL_WAY, lambd, 5000)
    # scikit-learn minimizes C·Σ losses + Σ|w|, which is C·m times the lesson's cost at C = 1/λ
    model = LogisticRegression(C=1 / lambd, l1_ratio=1.0, solver="saga", tol=1e-7, max_iter=20_000)
    model.fit(split.X.T, split.Y[0])
    np.testing.assert_array_equal(fit.weights == 0, model.coef_[0] == 0)
    # radius and perimeter say nearly the same, so the weights may be shared between them
    J = logistic_cost(split, lambda parameters: tg.l1(parameters["W"], lambd, split.m))
    theirs = J({"W": model.coef_, "b": model.intercept_[:, np.newaxis]})
    assert J({"W": fit.weights[np.newaxis], "b": fit.bias}) == pytest.approx(theirs, abs=1e-5)


def test_a_free_bias_keeps_the_mean_output_right(done):
    part = done[0].not_the_bias
    for pair in part.pairs:
        assert pair.free.mean_output == pytest.approx(part.share, abs=2e-3)
        assert abs(pair.penalized.bias) < abs(pair.free.bias)
    last = part.pairs[-1]
    assert abs(last.penalized.mean_output - 0.5) < abs(last.free.mean_output - 0.5) - 0.05


def test_a_penalized_bias_is_pulled_off_by_what_the_formula_says(done):
    part = done[0].not_the_bias
    for pair in part.pairs[1:]:
        off = pair.penalized.mean_output - part.share
        assert off == pytest.approx(-pair.lambd / part.m * pair.penalized.bias, abs=2e-3)


def test_the_programs_gradient_is_the_engines(done):
    part = done[0].read_the_program
    assert part.difference <= 1e-12
    assert part.difference_by_hand <= 1e-12
    W, b = np.full((1, 30), 0.1), np.zeros((1, 1))
    split = breast_cancer(seed=0)
    J, gradient = tg.value_and_grad(
        logistic_cost(split, lambda parameters: tg.l2(parameters["W"], 3.0, split.m))
    )({"W": W, "b": b})
    for source, name in ((part.source, "cost"), (LESSON, "by_hand"), (COST, "")):
        f = defined_in(source, name) if name else tg.value_and_grad(defined_in(source, "cost"))
        value, found = f({"W": W, "b": b}, split.X, split.Y, 3.0)
        assert value == pytest.approx(J, rel=1e-12)
        for key in gradient:
            np.testing.assert_allclose(found[key], gradient[key], rtol=0, atol=1e-12)


def test_a_program_with_a_wrong_gradient_is_a_miss(done, monkeypatch):
    for wrong in (1e-3, float("nan")):
        part = dataclasses.replace(done[0].read_the_program, difference=wrong)
        (miss,) = dataclasses.replace(done[0], read_the_program=part).misses
        assert "the program's gradient" in miss
        texts = [getattr(block, "text", "") for block in section_of_program(part).blocks]
        assert any("above 1e-12" in text for text in texts)
    monkeypatch.setattr(read_the_program, "COST", WRONG_WHEN_COMPILED)
    part = read_the_program.measure(Settings(quick=True), lambda loop, what: list(loop)[:2])
    assert part.difference == pytest.approx(1.0)


WRONG_WHEN_COMPILED = f"""
from itertools import count

calls = count()
{COST.replace("return J", "return J + next(calls) * np.sum(parameters['b'])")}
"""


def test_the_program_stands_beside_the_lesson_line_by_line(done, html):
    rows = aligned(LESSON, done[0].read_the_program.source)
    assert ("Z = W @ X + b", "Z = W @ X + b") in rows
    ((by_hand, derived),) = [row for row in rows if row[1].startswith("dW = ")]
    assert by_hand.endswith("+ lambd / m * W")
    assert derived.endswith("+ lambd / m * W")
    ((by_hand, derived),) = [row for row in rows if row[1].startswith("db = ")]
    assert "lambd" not in by_hand + derived
    assert ("", "# penalty gradient") in rows
    printed = re.sub(" +", " ", done[1])
    assert "│ dW = 1 / m * (dZ @ X.T) + lambd / m * W │ dW = dZ @ X.T + lambd / m * W │" in printed
    assert "<code>dW = dZ @ X.T + lambd / m * W</code>" in html
    assert "def sigmoid(Z):" in html


def test_statements_of_two_functions_are_all_there_and_in_order():
    left = "def f(x):\n    a = x\n    b = (a +\n         1)\n    return b\n"
    right = "import numpy\n\n\ndef f(x):\n    # forward\n    b = x\n    c = b\n    return c\n"
    assert aligned(left, right) == [
        ("a = x", ""), ("", "# forward"), ("b = (a + 1)", "b = x"), ("", "c = b"),
        ("return b", "return c"),
    ]  # fmt: skip


def test_ratios_are_taken_round_by_round():
    times = Times(by_hand=(1.0, 10.0, 100.0), engine=(3.0, 30.0, 300.0), program=(0.5, 9.0, 60.0))
    assert times.quartiles("engine") == pytest.approx((3, 3, 3))
    assert times.quartiles("program")[1] == pytest.approx(0.6)


def test_the_times_of_the_program_are_shown_with_their_noise(done):
    part = done[0].read_the_program
    assert len(part.times.program) == len(part.times.engine) >= 30
    assert min(part.times.program + part.times.engine + part.times.by_hand) > 0
    low, middle, high = part.times.quartiles("program")
    assert low <= middle <= high
    assert f"{low:.2f} to {high:.2f}" in done[1]
    assert f"takes {middle:.2f} times as long" in " ".join(done[1].split())


def test_every_part_has_its_seconds_and_the_penalty_its_share(done):
    part = done[0].cost
    assert [title for title, _ in part.parts] == list(TITLES[:-1])
    assert all(seconds > 0 for _, seconds in part.parts)
    assert all(timing.without > 0 and timing.with_penalty > 0 for timing in part.timings)
    assert Timing("any", without=3.0, with_penalty=4.0).share == 0.25


def test_nothing_misses_its_limit(done):
    assert done[0].misses == []


def test_the_terminal_shows_every_part_and_the_numbers(done):
    for title in TITLES:
        assert title in done[1]
    assert f"{done[0].see_the_graph.largest_error:.1e}" in done[1]
    assert f"{done[0].weight_decay.largest_difference:.1e}" in done[1]


def test_a_run_without_three_regimes_says_so():
    rows = tuple(Row(lambd, 0.1, 0.2, 1.0) for lambd in (0.0, 0.1, 1.0))
    part = ChoosingLambd(10, 10, 10, rows)
    assert part.shown == ("just right",)
    texts = " ".join(getattr(block, "text", "") for block in section_of_choosing(part).blocks)
    assert "do not show overfitting or underfitting" in texts
    assert "No λ beat λ = 0" in texts


class Reader(HTMLParser):
    """Collects what a page names, fetches and leaves open."""

    void = frozenset({"meta", "br", "link", "img", "hr"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.unclosed = [], [], [], set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.links.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)


def test_the_page_stands_by_itself(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert reader.unclosed == []
    assert reader.tags.isdisjoint({"script", "link", "object", "embed", "img"})
    assert all(link.startswith("#") for link in reader.links)
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert len(html) < 3_000_000


def test_the_explorer_on_the_page_is_a_page_that_stands_by_itself(html):
    [frame] = re.findall(r"<iframe ([^>]*)>", html)
    assert 'sandbox="allow-scripts"' in frame
    assert " src=" not in frame
    [inner] = re.findall('srcdoc="([^"]*)"', frame)
    inner = unescape(inner)
    assert inner.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in inner
    assert not re.search(r"<(link|img|object|embed|iframe)\b| src=", inner)
    assert "∂J" in inner


def test_the_page_has_all_parts_and_says_how_it_was_made(html):
    for title in TITLES:
        assert f"<h2>{title}</h2>" in html
    assert html.count("<svg") == 8
    assert html.count("<math") == 7
    assert "seed 0" in html
    assert f"NumPy {np.__version__}" in html


def test_the_same_seed_gives_the_same_page(html, done, tmp_path):
    part = PARTS["choosing_lambd"]
    again = part.measure(Settings(seed=0, quick=True), lambda loop, what: loop)
    assert again == done[0].choosing_lambd
    assert part.section(again) == part.section(done[0].choosing_lambd)


def test_texts_are_escaped():
    nasty = '<script>"&'
    tables = [
        Table(nasty, (nasty,), ((nasty,),), folded=folded, code=code)
        for folded, code in ((False, False), (True, False), (False, True))
    ]
    listings = [Listing(nasty, nasty, folded) for folded in (False, True)]
    figure = Figure("<svg></svg>", nasty, nasty)
    blocks = (Prose(nasty), Finding(nasty), *tables, figure, *listings)
    html = page(nasty, nasty, nasty, [Section("a", nasty, blocks)])
    assert "<script" not in html
    assert html.count("&lt;script&gt;&quot;&amp;") == 26


def test_a_folder_of_the_tour_may_be_written_again(tmp_path):
    out = tmp_path / "report"
    folder.prepare(out)
    folder.write(out / "index.html", "old")
    folder.prepare(out)
    folder.write(out / "index.html", "new")
    assert (out / "index.html").read_text() == "new"
    assert {path.name for path in out.iterdir()} == {folder.MARKER, "index.html"}


def test_an_empty_folder_may_be_used(tmp_path):
    folder.prepare(tmp_path)
    assert (tmp_path / folder.MARKER).exists()
