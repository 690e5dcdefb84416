"""The explorer's data of a small model, written by hand: logistic regression with an L2 penalty."""

import math
from copy import deepcopy

import numpy as np

STRENGTHS = [0.0, 0.1, 0.3, 0.7, 1.0, 3.0, 10.0]
CURRENT, STEPS, STEP_SIZE = 3, 50, 0.3
WEIGHTS = np.array([[0.8, -1.2]])


# -- the numbers -----------------------------------------------------------------------------------


def sigmoid(z):
    """1 / (1 + e^−z)"""
    return 1 / (1 + np.exp(-z))


def numbers(lambd=STRENGTHS[CURRENT], W=WEIGHTS):
    """The model's arrays by name, values and gradients, computed with NumPy alone."""
    X = np.array([[0.5, -1.5, 2.0, 0.25, -0.75], [1.0, 0.5, -1.0, 1.5, -2.0]])
    Y, b, m = np.array([[1.0, 0.0, 1.0, 0.0, 1.0]]), np.array([[0.1]]), 5
    P = W @ X
    Z = P + b
    L = np.logaddexp(0, Z) - Y * Z
    D = L.sum() / m
    R = lambd / (2 * m) * (W**2).sum()
    local = sigmoid(Z) - Y
    dZ = local / m
    return {
        "X": X, "Y": Y, "W": W, "b": b, "P": P, "Z": Z, "L": L, "total": L.sum(), "D": D, "R": R,
        "J": D + R, "local": local, "dZ": dZ, "dL": np.full((1, m), 1 / m), "dtotal": 1 / m,
        "db": dZ.sum(axis=1, keepdims=True), "dW_data": dZ @ X.T, "dW_penalty": lambd / m * W,
        "dW": dZ @ X.T + lambd / m * W, "one": 1.0, "nothing": np.zeros_like(W),
    }  # fmt: skip


def trained(lambd):
    """The weights after the gradient steps for a strength of the penalty."""
    W = WEIGHTS
    for _ in range(STEPS):
        W = W - STEP_SIZE * numbers(lambd, W)["dW"]
    return W


class Arrays:
    """The arrays of the data, in a list."""

    def __init__(self):
        self.records = []

    def add(self, array):
        """The index under which an array is found in the data."""
        array = np.asarray(array, dtype=float)
        entries = array.reshape(-1)
        usable = entries[~np.isnan(entries)]
        histogram = None
        if array.size > 64:
            counts, edges = np.histogram(usable, bins=10)
            histogram = {"edges": edges.tolist(), "counts": counts.tolist()}
        self.records.append({
            "shape": list(array.shape), "dtype": "float64",
            "min": number(usable.min()), "max": number(usable.max()), "mean": number(usable.mean()),
            "norm": number(np.linalg.norm(usable)), "zeros": float(np.mean(entries == 0)),
            "nan": int(np.isnan(entries).sum()), "infinite": int(np.isinf(entries).sum()),
            "entries": [number(entry) for entry in entries], "blocks": None, "histogram": histogram,
        })  # fmt: skip
        return len(self.records) - 1


def number(value):
    """A number as JSON can hold it."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


# -- parts of the data -----------------------------------------------------------------------------


def box(*lines, width=84):
    """A box with lines of text, the first of them large."""
    sizes = [13] + [10] * (len(lines) - 1)
    return {
        "width": width,
        "height": 14 + 15 * len(lines),
        "lines": [
            {"text": text, "size": size, "bold": size == 13}
            for text, size in zip(lines, sizes, strict=True)
        ],
    }


def node(key, role, symbol, name, written, value, **more):
    """A node without its rule; `value` is an array, and what `more` says is said instead."""
    title = f"{name} = {written}" if name and written else name or written
    shape = str(np.shape(value)) if np.ndim(value) else "scalar"
    words = [name or symbol, symbol if name else "", shape]
    return {
        "key": key, "role": role, "symbol": symbol, "options": "", "name": name, "title": title,
        "shape": list(np.shape(value)), "dtype": "float64", "group": None,
        "place": {"file": "model.py", "line": 10 + int(key), "source": title}, "value": value,
        "gradient": None, "data_gradient": None, "penalty_gradient": None, "rule": None,
        "kinks": [], "more_kinks": 0, "box": box(*[word[:14] for word in words if word]),
    } | more  # fmt: skip


def rule(operation, form, words, *arguments):
    """The rule of an operation."""
    return {"operation": operation, "form": form, "words": words, "arguments": list(arguments)}


def argument(of, position, written, formula, numbers=None, local=None):
    """What a rule says of one argument."""
    return {
        "node": of, "position": position, "written": written, "formula": formula,
        "numbers": numbers, "entry": None if numbers is None else [0, 0], "local": local,
    }  # fmt: skip


def row(*parts):
    """A formula of trees, and of texts: letters, numbers and signs."""

    def tree(part):
        if not isinstance(part, str):
            return part
        kind = "mi" if part.isalpha() else "mn" if part[-1].isdigit() else "mo"
        return [kind, part]

    return ["mrow", *map(tree, parts)]


def partial(name):
    """∂J/∂name"""
    return ["mfrac", row("∂", "J"), row("∂", name)]


# -- the whole -------------------------------------------------------------------------------------


def sample(names=None):
    """The data of the explorer for the model; `names` replaces names of values."""
    found, arrays = numbers(), Arrays()
    kept = {name: arrays.add(value) for name, value in found.items()}
    called = {name: name for name in "XYWbZLDRJ"} | (names or {})
    nodes = nodes_of(found, kept, called)
    for each in nodes:
        each["value"] = arrays.add(each["value"])
    return {
        "title": called["J"],
        "notice": None,
        "no_backward": None,
        "nodes": nodes,
        "edges": deepcopy(EDGES),
        "groups": groups(),
        "layouts": deepcopy(LAYOUTS),
        "steps": steps_of(nodes, kept),
        "strengths": strengths_of(arrays),
        "arrays": arrays.records,
    }


def nodes_of(found, kept, called):
    """The nodes, with what is said of their rules."""

    def made(key, role, symbol, letter, written, value, gradient=None, **more):
        name = called[letter] if letter else None
        gradient = kept.get(gradient)
        return node(key, role, symbol, name, written, found[value], gradient=gradient, **more)

    def short(name):
        return f"{found[name][0, 0]:.4f}"

    def onwards(operation, form, words, to, of, by):
        formula = row(partial("x"), "=", partial("y"))
        return rule(operation, form, words, argument(to, of, by, formula))

    product = argument(
        "0", 0, "matmul_left(cotangent, b)",
        row(partial("W"), "=", partial("P"), "·", ["msup", ["mi", "X"], ["mo", "⊤"]]),
        row(short("dW_data"), "=", ["mtext", "a sum of 5 products"]),
    )  # fmt: skip
    entropy = argument(
        "4", 0, "sigmoid(z) - y",
        row(partial("Z"), "=", partial("L"), "·", "(", "σ", "(", "Z", ")", "−", "Y", ")"),
        row(short("dZ"), "=", "0.2", "·", short("local")), kept["local"],
    )  # fmt: skip
    squares = argument(
        "0", 0, "cotangent * lambd / m * W",
        row(partial("W"), "=", partial("R"), "·", ["mfrac", ["mi", "λ"], ["mi", "m"]], "W"),
    )  # fmt: skip
    return [
        made(
            "0", "parameter", "", "W", "", "W", "dW",
            data_gradient=kept["dW_data"], penalty_gradient=kept["dW_penalty"],
        ),
        made("1", "data", "", "X", "", "X"),
        made(
            "2", "operation", "@", None, "W @ X", "P", "dZ", group="g0",
            rule=rule("np.matmul", "linear", "The rows of W times the columns of X.", product),
        ),
        made("3", "parameter", "", "b", "", "b", "db"),
        made(
            "4", "operation", "+", "Z", "W @ X + b", "Z", "dZ", group="g0",
            rule=rule(
                "np.add", "linear", "Z is the sum of W @ X and b.",
                argument("2", 0, "cotangent", row(partial("P"), "=", partial("Z"))),
                argument("3", 1, "sum(cotangent)", row(partial("b"), "=", "Σ", partial("Z"))),
            ),
        ),
        made("5", "data", "", "Y", "", "Y"),
        made(
            "6", "operation", "cross entropy", "L", "cross_entropy(Z, Y)", "L", "dL",
            rule=rule("cross_entropy", "elementwise", "L is what it makes of Z and Y.", entropy),
            kinks=[{"entry": [0, 3], "text": "made up: the subgradient chosen at 0 is 0"}],
        ),
        made(
            "7", "operation", "Σ", None, "Σ L", "total", "dtotal",
            rule=onwards("np.sum", "linear", "The sum over L.", "6", 0, "broadcast(cotangent)"),
        ),
        made(
            "8", "operation", "÷ m", "D", "Σ L / m", "D", "one",
            rule=onwards("np.divide", "linear", "The mean of L.", "7", 0, "cotangent / m"),
        ),
        made(
            "9", "penalty", "λ/2m‖·‖²", "R", "λ/2m‖W‖²", "R", "one", group="g1",
            rule=rule("l2", "elementwise", "R is λ/2m times the squared length of W.", squares),
        ),
        made(
            "10", "output", "+", "J", "D + R", "J", "one",
            rule=rule(
                "np.add", "linear", "J is the sum of D and R.",
                argument("8", 0, "cotangent", row(partial("D"), "=", partial("J"))),
                argument("9", 1, "cotangent", row(partial("R"), "=", partial("J"))),
            ),
        ),
    ]  # fmt: skip


EDGES = [
    {"tail": tail, "head": head, "place": place, "local": local, "penalty": "9" in (tail, head)}
    for tail, head, place, local in [
        ("0", "2", "1", "Xᵀ"),
        ("1", "2", "2", ""),
        ("2", "4", "", "1"),
        ("3", "4", "", "1"),
        ("4", "6", "1", "σ(Z) − Y"),
        ("5", "6", "2", ""),
        ("6", "7", "", "1"),
        ("7", "8", "", "1/m"),
        ("0", "9", "", "λ/m·W"),
        ("8", "10", "", "1"),
        ("9", "10", "", "1"),
    ]
]
LAYOUTS = {
    "": {
        "width": 820, "height": 190,
        "items": {
            "0": [45, 110], "1": [45, 40], "3": [45, 165], "g0": [190, 60], "5": [190, 140],
            "6": [330, 90], "7": [455, 90], "8": [575, 90], "g1": [455, 170], "10": [710, 110],
        },
    },
    "g0": {"width": 220, "height": 60, "items": {"2": [45, 30], "4": [170, 30]}},
    "g1": {"width": 90, "height": 60, "items": {"9": [45, 30]}},
}  # fmt: skip


def groups():
    """A layer and a penalty, both open."""

    def group(key, title, kind, formula):
        return {
            "key": key, "parent": None, "title": title, "kind": kind, "formula": formula,
            "count": 1, "open": True, "box": box(title, formula or "2 nodes", width=110),
        }  # fmt: skip

    return [group("g0", "layer 1", "scope", ""), group("g1", "penalty", "penalty", "λ/2m‖W‖²")]


def steps_of(nodes, kept):
    """Forward through all nodes, and back."""

    def place(tail, head):
        pairs = [(edge["tail"], edge["head"]) for edge in EDGES]
        return pairs.index((tail, head))

    def backward(key, cotangent, **contributions):
        parts = [
            {"edge": place(tail[1:], key), "contribution": kept[name], "data": None}
            for tail, name in contributions.items()
        ]
        cotangent = kept[cotangent]
        return {"kind": "backward", "node": key, "cotangent": cotangent, "contributions": parts}

    def leaf(key, cotangent):
        return {"kind": "leaf", "node": key, "cotangent": kept[cotangent]}

    penalty = backward("9", "one", _0="dW_penalty")
    penalty["contributions"][0]["data"] = kept["nothing"]
    parts = [
        {"edge": place("0", "9"), "contribution": kept["dW_penalty"]},
        {"edge": place("0", "2"), "contribution": kept["dW_data"]},
    ]
    return [
        *[{"kind": "forward", "node": each["key"]} for each in nodes],
        {"kind": "seed", "node": "10", "cotangent": kept["one"]},
        backward("10", "one", _8="one", _9="one"),
        penalty,
        backward("8", "one", _7="dtotal"),
        backward("7", "dtotal", _6="dL"),
        backward("6", "dL", _4="dZ"),
        backward("4", "dZ", _2="dZ", _3="db"),
        leaf("3", "db"),
        backward("2", "dZ", _0="dW_data"),
        {"kind": "sum", "node": "0", "parts": parts, "total": kept["dW"]},
        leaf("0", "dW"),
    ]


def strengths_of(arrays):
    """The λ slider's data: gradient steps for each strength."""

    def costs(run):
        return {"cost": run["J"], "data_cost": run["D"], "penalty": run["R"]}

    rows = []
    for lambd in STRENGTHS:
        here, weights = numbers(lambd), trained(lambd)
        shown = {
            "weights": arrays.add(weights),
            "gradient_here": arrays.add(here["dW"]),
            "data_gradient_here": arrays.add(here["dW_data"]),
            "penalty_gradient_here": arrays.add(here["dW_penalty"]),
        }
        after = costs(numbers(lambd, weights))
        rows.append(after | {"here": costs(here), "nodes": {"0": shown}})
    return {
        "letter": "λ",
        "values": STRENGTHS,
        "current": CURRENT,
        "steps": STEPS,
        "rows": rows,
        "penalized": ["0"],
        "words": f"For each λ the engine took {STEPS} gradient steps from these weights.",
    }
