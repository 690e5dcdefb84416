"""Why gradients add at fan-out: a value used twice is two values that happen to be equal.

Give each use of x a variable of its own, and the chain rule for several variables says what is to
be done with their derivatives: add them. The same sum appears where broadcasting uses one bias
for every example: its gradient is a sum over the examples.

    python demos/why_gradients_add.py

Writes to `why-gradients-add/` beneath the folder it is run in: x used twice (`fan-out.svg`), the
same with a variable for each use (`apart.svg`), a bias used by five examples (`broadcast.svg`),
and a page that stops where gradients add up (`explorer.html`). Needs the extra `dot`, or Graphviz.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg


def together(x):
    """x is used twice: inside the sine, and as a factor."""
    return x * np.sin(x)


def apart(first, second):
    """The same with a variable for each use."""
    return first * np.sin(second)


def shifted(b):
    """One bias under five examples."""
    Z = b + np.array([[-1.0, -0.5, 0.0, 0.5, 1.0]])
    return np.sum(np.tanh(Z))


def main():
    """Print the parts and their sums, and draw the graphs."""
    print(__doc__.splitlines()[0])
    x = 2.0
    parts = tg.grad(apart, (0, 1))(x, x)
    print("a value used twice: x · sin x at x = 2")
    print(f"  through the factor  {parts[0]:+.10f}   sin x")
    print(f"  through the sine    {parts[1]:+.10f}   x cos x")
    print(f"  their sum           {sum(parts):+.10f}")
    print(f"  derivative by x     {tg.grad(together)(x):+.10f}")

    b = np.array([[0.2]])
    examples = tg.grad(shifted)(np.repeat(b, 5, axis=1))
    print("a bias used by five examples: Σ tanh(b + z)")
    print(f"  one b for each      {' '.join(f'{part:+.4f}' for part in examples[0])}")
    print(f"  their sum           {examples.sum():+.10f}")
    print(f"  derivative by b     {tg.grad(shifted)(b).item():+.10f}")

    folder = Path("why-gradients-add")
    folder.mkdir(exist_ok=True)
    for name, function, arguments in (
        ("fan-out", together, (x,)),
        ("apart", apart, (x, x)),
        ("broadcast", shifted, (b,)),
    ):
        drawing = tg.draw(function, *arguments, detail="gradients")
        drawing.render(outfile=folder / f"{name}.svg", cleanup=True)
    tg.explore(together, x, path=folder / "explorer.html")
    print(f"the pictures and a page to walk through are in {folder}/")


if __name__ == "__main__":
    main()
