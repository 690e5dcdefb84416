from collections import namedtuple

import numpy as np

Split = namedtuple("Split", ["left", "right"])


def odds_and_ends(x, options, how="sum"):
    scale = options["scale"]
    assert how == "sum"

    left, right = np.split(x.astype(np.float32), 2)
    scaled = scale * np.where(x > 0, x, -x) ** -0.5  # (4,)
    total = np.sum(scaled)
    return {
        "same": x.copy(),
        "total": total,
        "parts": Split(left, [right.copy(), left.copy()]),
    }
