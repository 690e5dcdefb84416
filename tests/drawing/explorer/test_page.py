"""The explorer's page, used as a person uses it."""

import base64
import hashlib
import json
import re
import time

import numpy as np
import pytest

import tinygrad_reg as tg
from tests.drawing.explorer.sample import CURRENT, Arrays, numbers, sample, trained
from tinygrad_reg.drawing.explorer import explore
from tinygrad_reg.drawing.explorer.page import ASSETS, SCRIPTS
from tinygrad_reg.drawing.explorer.page import page as page_of

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    '"; }',
    "back\\slash",
    "two\nlines",
    "🙂",
    "n" * 10_000,
    "<!--<script>",
    "$title ${data}",
    "]]>&amp;\u2028\ud800",
]


# -- what a reader sees ----------------------------------------------------------------------------


def as_float(text):
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace("∞", "inf"))


def figure(tab, caption):
    """The figure in the panel whose caption begins with some words."""
    return tab.locator("#panel figure").filter(
        has=tab.locator("figcaption > span", has_text=re.compile("^" + re.escape(caption)))
    )


def entries(tab, caption):
    """All exact numbers of a figure, read with the keyboard."""
    shown = figure(tab, caption).first
    single = shown.locator("data")
    if single.count():
        return np.array([as_float(single.inner_text())])
    said = shown.evaluate(
        """figure => {
            const canvas = figure.querySelector("canvas");
            const said = [];
            canvas.focus();
            for (let last = null; last !== figure.querySelector("output").textContent;) {
                last = figure.querySelector("output").textContent;
                said.push(last);
                const right = new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true});
                canvas.dispatchEvent(right);
            }
            canvas.blur();
            return said;
        }"""
    )
    return np.array([as_float(text.split(" = ")[1]) for text in said])


def box(tab, key):
    """The box of a node or of a folded group."""
    return tab.locator(f"#scene .box[data-key='{key}']")


def press(tab, key, times=1):
    """Press a key, more than once."""
    for _ in range(times):
        tab.keyboard.press(key)


def place(tab):
    """Where the player says that it is."""
    return tab.locator("#place").inner_text()


def heading(tab):
    """The heading of the panel."""
    return tab.locator("#panel h2").inner_text()


# -- the file --------------------------------------------------------------------------------------


def test_same_data_gives_the_same_bytes():
    assert page_of(sample()) == page_of(sample())


def test_policy_allows_the_pages_own_texts_and_nothing_else():
    text = page_of(sample())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    inline = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)

    def hashes(parts):
        digests = (hashlib.sha256(part.encode()).digest() for part in parts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    assert len(inline) == 2
    assert len(styles) == 1
    assert rules == {
        "default-src": "'none'",
        "script-src": hashes(inline),
        "style-src": hashes(styles),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_script_and_the_licence_of_the_library_are_in_the_page():
    assert sorted(SCRIPTS) == sorted(file.name for file in ASSETS.glob("*.js"))
    text = page_of(sample())
    for name in SCRIPTS:
        assert (ASSETS / name).read_text(encoding="utf-8") in text
    assert "Permission is hereby granted, free of charge" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_can_end_the_data_or_begin_an_element(name):
    plain, hostile = page_of(sample()), page_of(sample({"Z": name, "J": name}))
    assert hostile.count("<") == plain.count("<")
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', hostile)[1]
    assert json.loads(text) == sample({"Z": name, "J": name})
    assert not set("<>&\u2028\u2029") & set(text)


# -- walking ---------------------------------------------------------------------------------------


def test_arrow_keys_lead_to_the_end_and_back_with_the_numbers_of_numpy(page, photograph):
    found, data = numbers(), sample()
    assert place(page) == "start · 22 steps"
    assert page.locator("#scene .chip").count() == 0
    photograph(page, "start")
    press(page, "ArrowRight", 5)
    assert heading(page) == "Z = W @ X + b"
    np.testing.assert_array_equal(entries(page, "value of Z"), found["Z"][0])
    assert page.locator("#scene .box.known").count() == 5
    assert "active-forward" in box(page, "4").get_attribute("class")
    assert page.locator("#scene .active-forward").count() == 1
    photograph(page, "forward")
    press(page, "ArrowRight", 6)
    assert entries(page, "value of J") == [found["J"]]
    press(page, "ArrowRight")
    assert heading(page) == "Backward begins at J"
    assert entries(page, "∂J/∂J") == [1.0]
    press(page, "ArrowRight", 6)
    assert heading(page) == "Back through Z = W @ X + b"
    np.testing.assert_array_equal(entries(page, "∂J/∂Z arrives"), found["dZ"][0])
    np.testing.assert_array_equal(entries(page, "∂J/∂b: the contribution"), found["db"][0])
    assert page.locator("#panel math").count() == 2
    assert page.locator("#scene .flow.backward").count() == 2
    photograph(page, "backward")
    press(page, "ArrowRight", 3)
    assert "this is where gradients add up" in page.locator("#panel .sentence").inner_text()
    parts = entries(page, "from R"), entries(page, "from W @ X")
    np.testing.assert_allclose(parts[0] + parts[1], found["dW"][0], rtol=1e-15)
    np.testing.assert_array_equal(entries(page, "∂J/∂W"), found["dW"][0])
    assert page.locator("#scene .flow.sum").count() == 2
    photograph(page, "sum")
    press(page, "ArrowRight", 5)
    assert place(page) == f"step {len(data['steps'])} of {len(data['steps'])} · backward"
    assert page.locator("#scene .chip.gradient").count() == 9
    press(page, "ArrowLeft", 11)
    assert page.locator("#scene .chip.gradient").count() == 0
    assert page.locator("#scene .chip.value").count() == 11
    press(page, "ArrowLeft", 11)
    assert place(page) == "start · 22 steps"
    assert page.locator("#scene .chip").count() == 0
    assert page.locator("#scene .box.known").count() == 0


def test_buttons_lead_to_the_end_and_back(page):
    forward, back = page.get_by_label("One step forward"), page.get_by_label("One step back")
    assert back.is_disabled()
    for _ in range(22):
        forward.click()
    assert forward.is_disabled()
    assert heading(page) == "The gradient has arrived in W"
    np.testing.assert_array_equal(entries(page, "∂J/∂W"), numbers()["dW"][0])
    for _ in range(22):
        back.click()
    assert place(page) == "start · 22 steps"
    page.get_by_label("To the end").click()
    assert place(page) == "step 22 of 22 · backward"
    page.get_by_label("To the start").click()
    assert place(page) == "start · 22 steps"


def test_jumps_lead_to_any_step(page):
    page.get_by_role("button", name="backward", exact=True).click()
    assert place(page) == "step 12 of 22 · backward"
    press(page, "Home")
    assert place(page) == "start · 22 steps"
    press(page, "End")
    assert place(page) == "step 22 of 22 · backward"
    press(page, "b")
    assert place(page) == "step 12 of 22 · backward"
    scrub = page.get_by_role("slider", name="Step")
    scrub.fill("7")
    assert heading(page) == "L = cross_entropy(Z, Y)"
    assert page.locator("#scene .box.known").count() == 7
    scrub.focus()
    press(page, "ArrowRight")
    assert place(page) == "step 8 of 22 · forward"


def test_play_walks_and_pause_stops(page):
    page.clock.install()
    speed = page.locator("#speed")
    speed.click()
    speed.click()
    assert speed.inner_text() == "4×"
    page.locator("#play").click()
    page.clock.run_for(1500)
    page.get_by_role("button", name="Pause").click()
    stopped = place(page)
    assert re.fullmatch(r"step [345] of 22 · forward", stopped)
    page.clock.run_for(3000)
    assert place(page) == stopped
    page.locator("#play").click()
    press(page, "ArrowRight")
    stopped = place(page)
    page.clock.run_for(3000)
    assert place(page) == stopped
    page.locator("body").click(position={"x": 600, "y": 20})
    press(page, " ")
    page.clock.run_for(20_000)
    assert place(page) == "step 22 of 22 · backward"
    assert page.get_by_role("button", name="Play").is_visible()


def test_each_step_is_announced(page):
    press(page, "ArrowRight", 11)
    said = page.locator("#announcement")
    assert said.get_attribute("aria-live") == "polite"
    value = float(numbers()["J"])
    assert said.inner_text().startswith("step 11 of 22 · forward: J = D + R.")
    assert f"Value {value}." in said.inner_text()


# -- a node ----------------------------------------------------------------------------------------


def test_a_node_shows_where_it_comes_from_what_it_is_and_its_rule(page, photograph):
    box(page, "6").click()
    found, panel = numbers(), page.locator("#panel")
    assert heading(page) == "L = cross_entropy(Z, Y)"
    text = panel.inner_text()
    assert "model.py, line 16" in text
    assert "sigmoid(z) - y" in text
    assert "cross_entropy · elementwise" in text
    assert "the subgradient chosen at 0 is 0" in text
    np.testing.assert_array_equal(entries(page, "value of L"), found["L"][0])
    np.testing.assert_array_equal(entries(page, "∂J/∂L"), found["dL"][0])
    np.testing.assert_array_equal(entries(page, "local derivative"), found["local"][0])
    np.testing.assert_array_equal(entries(page, "∂J/∂Z: the contribution"), found["dZ"][0])
    assert page.evaluate("[...heatMaps].some((map) => map.kinks.has(3))")
    photograph(page, "node")
    page.get_by_role("button", name="its rule: step 17").click()
    assert heading(page) == "Back through L = cross_entropy(Z, Y)"
    press(page, "Escape")
    assert page.locator("#tab-node").is_hidden()


def test_the_pointer_and_the_table_tell_exact_numbers(page):
    box(page, "1").click()
    shown, X = figure(page, "value of X"), numbers()["X"]
    canvas = shown.locator("canvas")
    area = canvas.bounding_box()
    canvas.hover(position={"x": area["width"] * 0.5, "y": area["height"] * 0.75})
    assert shown.locator("output").inner_text() == "[1, 2] = −1"
    canvas.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        press(page, key)
    assert shown.locator("output").inner_text() == "[1, 1] = 0.5"
    shown.get_by_text("exact numbers").click()
    shown.locator("td").first.wait_for()
    cells = [as_float(text) for text in shown.locator("td").all_inner_texts()]
    np.testing.assert_array_equal(np.reshape(cells, X.shape), X)


def test_large_arrays_have_a_histogram_and_odd_numbers_are_told(visit):
    data, arrays = sample(), Arrays()
    arrays.records = data["arrays"]
    values = np.random.default_rng(0).normal(size=(10, 12))
    values[3, 4], values[5, 6] = np.nan, np.inf
    record = arrays.records[arrays.add(np.nan_to_num(values, posinf=9))]
    record["entries"][40], record["entries"][66] = "nan", "inf"
    record["nan"] = record["infinite"] = 1
    data["nodes"][1]["value"] = len(arrays.records) - 1
    tab = visit(data)
    box(tab, "1").click()
    shown = figure(tab, "value of X")
    assert shown.locator(".histogram rect").count() == 10
    assert "1 NaN" in shown.inner_text()
    assert "1 infinite" in shown.inner_text()
    found = entries(tab, "value of X")
    np.testing.assert_array_equal(found, values.reshape(-1))


# -- the penalty -----------------------------------------------------------------------------------


def test_the_lens_changes_every_gradient(page, photograph):
    found = numbers()
    press(page, "End")
    press(page, "ArrowLeft")
    for lens, expected in [("data term", "dW_data"), ("penalty", "dW_penalty"), ("total", "dW")]:
        button = page.get_by_role("button", name=lens, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        caption = {"dW_data": "∂Jdata/∂W", "dW_penalty": "∂Jpenalty/∂W", "dW": "∂J/∂W"}[expected]
        np.testing.assert_allclose(entries(page, caption), found[expected][0], rtol=1e-15)
        shares = {"from R": lens != "data term", "from W @ X": lens != "penalty"}
        full = {"from R": found["dW_penalty"][0], "from W @ X": found["dW_data"][0]}
        for caption, there in shares.items():
            np.testing.assert_allclose(entries(page, caption), full[caption] * there, rtol=1e-15)
        chip = box(page, "0").locator(".chip.gradient").text_content()
        shown = [as_float(part) for part in chip.split(", ")]
        np.testing.assert_allclose(shown, found[expected][0], rtol=0.01)
        photograph(page, f"lens-{lens.split()[0]}")
    page.get_by_role("button", name="penalty", exact=True).click()
    assert as_float(box(page, "3").locator(".chip.gradient").text_content()) == 0


def test_a_parameter_shows_both_parts_and_their_sum(page):
    box(page, "0").click()
    found = numbers()
    data, penalty = entries(page, "∂Jdata/∂W"), entries(page, "∂Jpenalty/∂W")
    np.testing.assert_array_equal(data, found["dW_data"][0])
    np.testing.assert_array_equal(penalty, found["dW_penalty"][0])
    np.testing.assert_array_equal(entries(page, "∂J/∂W"), found["dW"][0])


def test_without_a_penalty_there_is_no_lens(visit):
    data = sample()
    for node in data["nodes"]:
        node["data_gradient"] = node["penalty_gradient"] = None
    data["strengths"] = None
    tab = visit(data)
    assert tab.locator("#lens").is_hidden()
    assert tab.locator("#tab-strength").is_hidden()


def test_the_slider_changes_weights_gradients_and_costs(page, photograph):
    page.get_by_role("button", name="Strength λ").click()
    slider = page.get_by_role("slider", name="Strength λ of the penalty")
    values = sample()["strengths"]["values"]
    for step in (0, len(values) - 1):
        slider.fill(str(step))
        lambd, weights = values[step], trained(values[step])
        here, after = numbers(lambd), numbers(lambd, weights)
        assert page.locator("#strength-value").inner_text() == f"λ = {values[step]:g}"
        np.testing.assert_allclose(entries(page, "W after 50 steps"), weights[0], rtol=1e-12)
        np.testing.assert_allclose(entries(page, "∂J/∂W"), here["dW"][0], rtol=1e-12)
        np.testing.assert_allclose(entries(page, "∂Jpenalty/∂W"), here["dW_penalty"][0])
        costs = [float(each.get_attribute("value")) for each in page.locator(".costs data").all()]
        expected = [run[name] for run in (here, after) for name in ("D", "R", "J")]
        np.testing.assert_allclose(costs, expected, rtol=1e-12)
    photograph(page, "strength")


# -- finding one's way -----------------------------------------------------------------------------


def test_search_finds_a_node_inside_a_folded_group(page, photograph):
    page.locator(".frame-title[data-key='g0']").click()
    assert box(page, "4").count() == 0
    press(page, "/")
    page.keyboard.type("W @")
    options = page.get_by_role("option")
    assert options.count() == 2
    photograph(page, "search")
    press(page, "ArrowDown")
    press(page, "Enter")
    assert heading(page) == "Z = W @ X + b"
    assert "selected" in box(page, "4").get_attribute("class")
    press(page, "/")
    page.keyboard.type("nothing like it")
    assert "No node has this name" in page.locator("#results").inner_text()
    press(page, "Escape")
    assert page.locator("#results").is_hidden()
    assert heading(page) == "Z = W @ X + b"
    press(page, "Escape")
    assert page.locator("#tab-node").is_hidden()


def test_groups_fold_and_unfold_by_click_and_by_keyboard(page, photograph):
    press(page, "ArrowRight", 5)
    page.locator(".frame-title[data-key='g0']").click()
    assert box(page, "2").count() == 0
    assert "active-forward" in box(page, "g0").get_attribute("class")
    photograph(page, "folded")
    box(page, "g0").focus()
    press(page, "Enter")
    assert box(page, "2").is_visible()
    assert page.evaluate("document.activeElement.dataset.key") == "g0"
    press(page, "Enter")
    assert box(page, "2").count() == 0
    box(page, "g0").click()
    assert box(page, "2").is_visible()
    assert box(page, "2").locator(".chip.value").count() == 1


def test_boxes_never_overlap_whatever_is_folded(visit):
    tab = visit(nested())
    for keys in ([], ["a"], ["a", "b"], ["c"], ["a", "b", "c"], ["b", "c"]):
        overlaps = tab.evaluate(
            """keys => {
                opened.clear();
                for (const key of keys) opened.add(key);
                drawScene();
                const solid = drawn.boxes.filter((box) => box.kind !== "frame");
                const apart = (a, b) => a.left + a.width <= b.left || b.left + b.width <= a.left ||
                    a.top + a.height <= b.top || b.top + b.height <= a.top;
                return solid.flatMap((a, i) => solid.slice(i + 1).filter((b) => !apart(a, b)));
            }""",
            keys,
        )
        assert overlaps == []


def test_zoom_pan_fit_and_minimap(page, photograph):
    def scale():
        return page.evaluate("camera.getScale()")

    page.wait_for_function("camera.getScale() !== 1")  # the page has fitted the graph
    fitted = scale()
    assert page.locator("#minimap.idle").count() == 1
    press(page, "+", 3)
    assert scale() == pytest.approx(fitted * 1.25**3)
    page.locator("#minimap:not(.idle)").wait_for()
    photograph(page, "minimap")
    before = page.evaluate("camera.getPan()")
    page.mouse.move(300, 600)
    page.mouse.down()
    page.mouse.move(350, 560, steps=3)
    page.mouse.up()
    after = page.evaluate("camera.getPan()")
    assert (after["x"] - before["x"]) * scale() == pytest.approx(50)
    assert (after["y"] - before["y"]) * scale() == pytest.approx(-40)
    page.mouse.wheel(0, -200)
    page.wait_for_function("before => camera.getScale() > before", arg=fitted * 1.25**3)
    press(page, "f")
    assert scale() == pytest.approx(fitted)
    press(page, "-")
    assert scale() == pytest.approx(fitted * 0.8)


def test_a_thousand_nodes_stay_fluid(visit, photograph):
    tab = visit(chain(1000))
    started = time.perf_counter()
    tab.wait_for_function("camera.getScale() > 0 && drawn.boxes.length === 1000")
    assert time.perf_counter() - started < 5
    slowest = tab.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            const gaps = [];
            for (let turn = 0; turn < 30; turn += 1) {
                const started = performance.now();
                camera.pan(-20 * turn, 0);
                await frame();
                gaps.push(performance.now() - started);
            }
            const steps = [1, 2, 3].map(() => {
                const started = performance.now();
                stepBy(1);
                return performance.now() - started;
            });
            const jumps = [500, 900, 300].map((position) => {
                const started = performance.now();
                jumpTo(position);
                return performance.now() - started;
            });
            return [gaps.sort((a, b) => a - b)[15], Math.min(...steps), Math.min(...jumps)];
        }"""
    )
    assert slowest[0] < 100
    assert slowest[1] < 300
    assert slowest[2] < 300
    assert box(tab, "0").is_hidden()
    tab.evaluate("camera.pan(0, 0)")
    box(tab, "0").wait_for()
    assert box(tab, "999").is_hidden()
    photograph(tab, "thousand-nodes")


# -- nothing hides anything ------------------------------------------------------------------------


def overlaps(tab, first, second):
    """Texts of the elements of one selector that lie on elements of another, on the screen."""
    return tab.evaluate(
        """([first, second]) => {
            const shown = (selector) => [...document.querySelectorAll(selector)]
                .map((each) => [each, each.getBoundingClientRect()])
                .filter(([, area]) => area.width > 0);
            const meet = (a, b) => a.left < b.right - 0.5 && b.left < a.right - 0.5 &&
                a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
            const others = shown(second);
            return shown(first).flatMap(([one, area]) => others
                .filter(([other, place]) => one !== other && meet(area, place))
                .map(([other]) => `${one.textContent} | ${other.textContent}`));
        }""",
        [first, second],
    )


def two_layers():
    """Data of a network of the engine, whose penalty has its strength as an argument."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 20))
    Y = (X[:1] * X[1:] > 0).astype(float)

    def J(W1, b1, W2, b2, lambd):
        A1 = np.tanh(W1 @ X + b1)
        losses = tg.binary_cross_entropy(W2 @ A1 + b2, Y)
        return np.sum(losses) / 20 + tg.l2([W1, W2], lambd, 20)

    shapes = (3, 2), (3, 1), (1, 3), (1, 1)
    return explore(J, *(rng.normal(size=shape) for shape in shapes), 0.7, path=None).html


def long_words(data, local="1/(2m) · (Σ W²)"):
    """The data with long words on every arrow."""
    for edge in data["edges"]:
        edge["local"], edge["place"] = local, "λ"
    return data


@pytest.mark.parametrize("words", ["1", "1/(2m) · (Σ W²)"])
def test_words_on_arrows_cover_nothing_and_are_whole(visit, words):
    tab = visit(long_words(sample(), words))
    press(tab, "ArrowRight", 11)
    labels = tab.locator("#scene .label text")
    assert labels.count() > len(sample()["edges"]) / 2
    assert set(labels.all_text_contents()) <= {words, "λ"}
    assert overlaps(tab, "#scene .label text", "#scene .label text") == []
    assert overlaps(tab, "#scene .label text", "#scene .box .shape") == []
    assert overlaps(tab, "#scene .label text", "#scene .box .chip") == []
    assert overlaps(tab, "#scene .label text", "#scene .frame-title text") == []
    # They are drawn after every arrow, so that no arrow is drawn over them.
    layers = tab.evaluate("[...scene.children].map((layer) => layer.getAttribute('class'))")
    assert layers.index("arrows") < layers.index("labels")


def test_long_numbers_do_not_reach_into_other_boxes(visit):
    data = sample()
    for record in data["arrays"]:
        record["entries"] = [-1.6443e-170, -8.0221e-180][: len(record["entries"])]
        record["shape"] = [len(record["entries"])]
        record["min"] = record["max"] = -1.6443e-170
    tab = visit(data)
    press(tab, "End")
    assert tab.locator("#scene .box .chip").count() == 20
    assert overlaps(tab, "#scene .box .chip", "#scene .box .shape") == []
    assert overlaps(tab, "#scene .box .chip", "#scene .box .chip") == []


@pytest.mark.parametrize(("width", "height"), [(1300, 800), (390, 844)])
def test_the_box_of_a_step_is_never_under_the_controls(visit, width, height):
    tab = visit(two_layers(), width=width, height=height, reduced_motion="reduce")
    tab.wait_for_function("camera.getScale() > 0.5")
    count = len(page_data(tab)["steps"])
    hidden = tab.evaluate(
        """async (count) => {
            const stage = graph.getBoundingClientRect();
            const found = [];
            for (const position of [count, ...Array(count).keys()].map((each) => each || count)) {
                jumpTo(position);
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                const box = drawn.elements.get(standIn(currentStep().node, opened))
                    .querySelector(".shape").getBoundingClientRect();
                const meets = [...document.querySelectorAll(".zoom, #minimap:not(.idle)")]
                    .map((each) => each.getBoundingClientRect())
                    .some((area) => box.right > area.left && box.left < area.right &&
                        box.bottom > area.top && box.top < area.bottom);
                const inside = box.left >= stage.left && box.right <= stage.right &&
                    box.top >= stage.top && box.bottom <= stage.bottom;
                const off = Math.abs((box.left + box.right) / 2 - (stage.left + stage.right) / 2);
                if (meets || !inside || (stage.width < 500 && off > 2)) found.push(position);
            }
            return found;
        }""",
        count,
    )
    assert hidden == []


# -- what the panel says ---------------------------------------------------------------------------


def test_a_long_formula_is_broken_and_not_cut(visit):
    data = sample()
    squares = [
        ["mrow", ["mo", "Σ"], ["msup", ["mi", f"W{place}"], ["mn", "2"]]] for place in range(13)
    ]
    total = squares[0]
    for square in squares[1:]:
        total = ["mrow", total, ["mo", "+"], square]
    formula = ["mrow", ["mi", "y"], ["mo", "="], ["mrow", ["mo", "("], total, ["mo", ")"]]]
    data["nodes"][6]["rule"]["arguments"][0]["formula"] = formula
    tab = visit(data)
    box(tab, "6").click()
    shown = tab.locator("#panel .formula").first
    tab.locator("#panel .formula.broken").wait_for()
    assert (
        "".join(shown.text_content().split())
        == "y=(" + "+".join(f"ΣW{place}2" for place in range(13)) + ")"
    )
    cut = shown.evaluate(
        """line => [...line.children].filter((each) => each.getBoundingClientRect().right >
            line.getBoundingClientRect().right + 1).length"""
    )
    assert cut == 0


def test_the_letters_of_a_rule_are_explained_where_it_goes_back(visit):
    data = sample()
    data["nodes"][6]["rule"]["words"] = "L is made entry by entry. Here y is L, a what + gave."
    tab = visit(data)
    press(tab, "b")
    assert tab.locator("#panel .letters").count() == 0
    press(tab, "ArrowRight", 5)
    assert heading(tab) == "Back through L = cross_entropy(Z, Y)"
    assert tab.locator("#panel .letters").inner_text() == "Here y is L, a what + gave."


def test_settings_of_penalties_are_not_for_an_optimizer(visit):
    tab = visit(two_layers())
    data = page_data(tab)
    names = {node["key"]: node["name"] for node in data["nodes"]}
    leaves = [names[step["node"]] for step in data["steps"] if step["kind"] == "leaf"]
    assert set(leaves) == {"W1", "b1", "W2", "b2", "lambd"}
    for place, step in enumerate(data["steps"]):
        if step["kind"] != "leaf":
            continue
        tab.evaluate("jumpTo", place + 1)
        said = tab.locator("#panel .sentence").inner_text()
        setting = names[step["node"]] == "lambd"
        assert ("an optimizer would use" in said) is not setting
        assert said.endswith("how much J changes with lambd.") is setting


@pytest.mark.parametrize("gone", [["penalty"], ["data_cost", "penalty"]])
def test_costs_that_are_not_known_are_left_out(visit, gone):
    data = sample()
    for row in data["strengths"]["rows"]:
        for name in gone:
            row[name] = row["here"][name] = None
    tab = visit(data)
    tab.get_by_role("button", name="Strength λ").click()
    titles = {"data_cost": "data term", "penalty": "penalty", "cost": "cost"}
    left = [title for name, title in titles.items() if name not in gone]
    assert tab.locator(".costs th[scope='col']").all_inner_texts() == left
    first = data["strengths"]["rows"][CURRENT]
    costs = [float(each.get_attribute("value")) for each in tab.locator(".costs data").all()]
    assert costs == [
        run[name] for run in (first["here"], first) for name in titles if name not in gone
    ]
    assert tab.locator(".chart polyline").count() == len(left)


# -- screens, themes, people -----------------------------------------------------------------------


def test_dark_theme_follows_the_system_and_the_switch(visit, photograph):
    tab = visit(color_scheme="dark")
    press(tab, "ArrowRight", 18)
    paper = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(paper) == "rgb(22, 24, 27)"
    photograph(tab, "dark")
    tab.get_by_label("Light theme").click()
    assert tab.evaluate(paper) == "rgb(255, 255, 255)"
    press(tab, "t")
    assert tab.evaluate(paper) == "rgb(22, 24, 27)"


def test_a_phone_scrolls_down_only_and_is_used_by_touch(visit, photograph):
    tab = visit(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    tab.get_by_label("To the end").tap()
    for _ in range(4):
        tab.get_by_label("One step back").tap()
    assert heading(tab) == "Back through Z = W @ X + b"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    photograph(tab, "phone")
    photograph(tab, "phone-whole", full_page=True)
    box(tab, "4").tap()
    assert heading(tab) == "Z = W @ X + b"
    figure(tab, "value of Z").locator("canvas").tap(position={"x": 5, "y": 5})
    said = figure(tab, "value of Z").locator("output").inner_text()
    assert as_float(said.split(" = ")[1]) == numbers()["Z"][0, 0]
    tab.get_by_role("button", name="Strength λ").tap()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = [
        button.get_attribute("id") or button.inner_text()
        for button in tab.locator("footer button, .tools button").all()
        if button.bounding_box()["height"] < 34
    ]
    assert small == []


def test_the_page_works_in_a_small_sandboxed_frame(visit, photograph):
    frame = page_of(sample()).replace("&", "&amp;").replace('"', "&quot;")
    tab = visit(
        '<!DOCTYPE html><body style="margin:0"><iframe sandbox="allow-scripts" width="900" '
        f'height="520" title="explorer" srcdoc="{frame}"></iframe>',
        width=920,
        height=540,
    )
    inside = tab.frame_locator("iframe")
    inside.get_by_label("To the end").click()
    assert inside.locator("#panel h2").inner_text() == "The gradient has arrived in W"
    tab.keyboard.press("f")  # the view follows the steps: show everything again
    inside.locator(".box[data-key='4']").click()
    assert inside.locator("#panel h2").inner_text() == "Z = W @ X + b"
    tab.keyboard.press("?")
    assert inside.locator("#help").is_visible()
    tab.keyboard.press("Escape")
    assert inside.locator("#help").is_hidden()
    photograph(tab, "frame")


@pytest.mark.parametrize("turn", [0, 4])
def test_hostile_names_are_text_everywhere(visit, turn, photograph):
    names = HOSTILE[turn:] + HOSTILE[:turn]
    data = sample(dict(zip("WXbZYLDRJ", names, strict=False)))
    for group, name in zip(data["groups"], names, strict=False):
        group["title"] = group["formula"] = name
    data["notice"], data["no_backward"], data["strengths"]["words"] = names[:3]
    for node, name in zip(data["nodes"], names, strict=False):
        node["place"] = {"file": name, "line": 1, "source": name}
        if node["rule"]:
            node["rule"]["words"] = name
    tab = visit(data)
    for key in ["ArrowRight"] * 5 + ["End", *["ArrowLeft"] * 4]:
        press(tab, key)
    for node in data["nodes"]:
        box(tab, node["key"]).dispatch_event("click")
        assert tab.evaluate("nodeOf.get(state.selected).title") == node["title"]
        start = node["title"][:20].split("\n")[0]
        assert start in tab.locator("#panel h2").text_content()
    tab.get_by_role("button", name="Strength λ").click()
    press(tab, "/")
    tab.keyboard.insert_text("nnn")
    photograph(tab, f"hostile-{turn}")
    press(tab, "Escape")
    tab.locator(".frame-title").first.click()
    assert tab.locator("img").count() == 0
    assert tab.locator("script").count() == 3
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_names_that_are_too_wide_for_their_boxes_are_made_to_fit(visit):
    data = sample()
    data["nodes"][4]["box"]["lines"][0]["text"] = "W" * 40
    tab = visit(data)
    too_wide = tab.evaluate(
        """[...document.querySelectorAll("#scene .box text")].filter((text) =>
            text.getBBox().width > text.closest(".box").querySelector(".shape").getBBox().width)
            .map((text) => text.textContent)"""
    )
    assert too_wide == []


def test_everything_that_can_be_used_has_a_name(page):
    press(page, "End")
    box(page, "6").click()
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, canvas[tabindex], [role]")]
            .filter((each) => /BUTTON|INPUT|CANVAS/i.test(each.tagName + each.role))
            .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()))
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    for button in page.get_by_role("button").all():
        assert "button" in button.aria_snapshot()
        assert re.search(r'button "', button.aria_snapshot())


def test_tab_leads_through_the_page_in_order_and_the_focus_is_seen(page):
    order = []
    for _ in range(24):
        press(page, "Tab")
        order.append(
            page.evaluate(
                """() => {
                    const each = document.activeElement;
                    const halo = each.querySelector(":scope > .halo");
                    const seen = getComputedStyle(each).outlineStyle !== "none" ||
                        (halo && getComputedStyle(halo).stroke !== "none");
                    const { lens, key, tab } = each.dataset;
                    return [each.id || lens || key || tab, seen];
                }"""
            )
        )
    names = [name for name, _ in order]
    wanted = ["total", "data", "penalty", "search", "theme", "help-button"]
    assert names[:6] == wanted
    assert names.index("zoom-in") < names.index("step") < names.index("play")
    assert names.index("play") < names.index("scrub")
    assert [name for name, seen in order if not seen and name] == []


def test_the_graph_is_walked_and_opened_by_keyboard(page):
    page.locator("#scene [tabindex='0']").focus()
    first = page.evaluate("document.activeElement.dataset.key")
    press(page, "ArrowDown")
    second = page.evaluate("document.activeElement.dataset.key")
    assert first != second
    assert place(page) == "start · 22 steps"
    press(page, "Enter")
    assert page.locator("#tab-node").get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.tagName") == "H2"
    press(page, "Escape")
    assert page.evaluate("document.activeElement.dataset.key") == second


def test_help_lists_the_keys(page, photograph):
    press(page, "?")
    keys = page.locator("#help kbd").all_inner_texts()
    assert {"→", "←", "space", "Home", "End", "/", "Esc", "+", "−", "f"} <= set(keys)
    photograph(page, "help")
    press(page, "ArrowRight")
    assert place(page) == "start · 22 steps"
    press(page, "Escape")
    assert page.locator("#help").is_hidden()


def test_who_wants_no_motion_gets_none(visit):
    tab = visit(reduced_motion="reduce")
    press(tab, "End")
    press(tab, "ArrowLeft", 4)
    assert tab.locator(".flow").count() == 2
    assert tab.evaluate("document.getAnimations().length") == 0


def test_paper_is_white_and_has_no_buttons(visit, photograph):
    tab = visit(color_scheme="dark")
    press(tab, "End")
    press(tab, "ArrowLeft", 4)
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("footer").is_hidden()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    photograph(tab, "print")


def test_a_page_of_the_engine_shows_the_gradients_that_backward_finds(visit, photograph):
    rng = np.random.default_rng(0)
    X, Y = tg.Tensor(rng.normal(size=(3, 6)), name="X"), rng.integers(0, 2, size=(1, 6)) * 1.0
    W = tg.Tensor([[0.5, 0.0, -1.0]], requires_grad=True, name="W")
    with tg.scope("layer"):
        Z = W @ X
    J = (np.logaddexp(0, Z) - Y * Z).mean() + tg.l1(W, lambd=0.6, m=6)
    tab = visit(explore(J, path=None).html)
    press(tab, "End")
    J.backward()
    shown = [box(tab, node["key"]) for node in page_data(tab)["nodes"] if node["name"] == "W"]
    shown[0].click()
    photograph(tab, "engine")
    np.testing.assert_allclose(entries(tab, "∂J/∂W"), np.asarray(W.grad)[0], rtol=1e-12)
    np.testing.assert_allclose(entries(tab, "∂Jpenalty/∂W"), 0.1 * np.sign(W.data[0]), atol=1e-15)
    steps = page_data(tab)["steps"]
    for number in range(len(steps), -1, -1):
        assert place(tab).startswith(f"step {number} " if number else "start")
        press(tab, "ArrowLeft")


def page_data(tab):
    """The data in a page."""
    return json.loads(tab.locator("#data").text_content())


# -- other data ------------------------------------------------------------------------------------


def plain_node(key, group, value):
    """A node about which little is said."""
    lines = [{"text": f"h{key}", "size": 13, "bold": True}]
    return {
        "key": key, "role": "operation", "symbol": "+", "options": "", "name": f"h{key}",
        "title": f"h{key}", "shape": [3, 4], "dtype": "float64", "group": group, "place": None,
        "value": value, "gradient": None, "data_gradient": None, "penalty_gradient": None,
        "rule": None, "kinks": [], "more_kinks": 0,
        "box": {"width": 60, "height": 36, "lines": lines},
    }  # fmt: skip


def plain_data(nodes, edges, groups, layouts, arrays):
    """Data without a way back."""
    pairs = [{"tail": tail, "head": head} for tail, head in edges]
    return {
        "title": "h", "notice": None, "no_backward": "There is no gradient here.", "nodes": nodes,
        "edges": [pair | {"place": "", "local": "", "penalty": False} for pair in pairs],
        "groups": groups, "layouts": layouts, "strengths": None, "arrays": arrays.records,
        "steps": [{"kind": "forward", "node": node["key"]} for node in nodes],
    }  # fmt: skip


def plain_group(key, parent):
    """A folded group."""
    return {
        "key": key, "parent": parent, "title": f"group {key}", "kind": "scope", "formula": "",
        "count": 1, "open": False, "box": {"width": 80, "height": 40, "lines": []},
    }  # fmt: skip


def nested():
    """Twelve nodes; group a holds group b, and c stands beside them."""
    arrays = Arrays()
    value = arrays.add(np.arange(12.0).reshape(3, 4))
    where = ["a", "a", "b", "b", "b", "c", "c", *[None] * 5]
    nodes = [plain_node(str(key), group, value) for key, group in enumerate(where)]
    layouts = {
        "": {"width": 400, "height": 300, "items": {
            "7": [40, 30], "a": [160, 150], "8": [160, 60], "9": [160, 230], "c": [290, 150],
            "10": [290, 60], "11": [380, 150]}},
        "a": {"width": 240, "height": 120, "items": {"0": [40, 30], "b": [150, 60], "1": [40, 90]}},
        "b": {"width": 260, "height": 60, "items": {"2": [40, 30], "3": [130, 30], "4": [220, 30]}},
        "c": {"width": 80, "height": 120, "items": {"5": [40, 30], "6": [40, 90]}},
    }  # fmt: skip
    groups = [plain_group("a", None), plain_group("b", "a"), plain_group("c", None)]
    edges = [(str(key), str(key + 1)) for key in range(11)]
    return plain_data(nodes, edges, groups, layouts, arrays)


def chain(count):
    """Many nodes in ten rows, none of them in a group."""
    arrays = Arrays()
    value = arrays.add(np.linspace(-1, 1, 12).reshape(3, 4))
    nodes = [plain_node(str(key), None, value) for key in range(count)]
    items = {str(key): [40 + 100 * (key // 10), 40 + 60 * (key % 10)] for key in range(count)}
    layouts = {"": {"width": 10 * count + 60, "height": 660, "items": items}}
    edges = [(str(key), str(key + 10)) for key in range(count - 10)]
    return plain_data(nodes, edges, [], layouts, arrays)
