"""What the lines of `derivatives/special.py` are called with; nothing where SciPy is missing."""

from importlib.util import find_spec

from tinygrad_reg.testing.samples.layouts import (
    POSITIVE,
    REAL,
    SHARE,
    UNIT,
    Case,
    fixed,
    over_axes,
    together,
    with_keywords,
)

CASES: list[Case] = []

if find_spec("scipy"):
    from scipy import special

    def named(*domains):
        """Cases of functions of one domain for each argument."""
        return lambda *names: [
            Case(
                f"special.{name}",
                getattr(special, name),
                together(len(domains)),
                domains,
                getattr(special, name),
                tries=8,
            )
            for name in names
        ]

    def of_order(*names):
        """Cases of functions of a whole order and a number."""
        return [
            Case(
                f"special.{op.__name__} of order {n}",
                lambda x, op=op, n=n: op(n, x),
                together(1),
                (POSITIVE,),
                op,
                tries=6,
            )
            for op in [getattr(special, name) for name in names]
            for n in (0, 1, 3)
        ]

    def weighted(x, b, **keywords):
        """The size of a sum, which may be negative."""
        return special.logsumexp(x, b=b, return_sign=True, **keywords)[0]

    def axes_of_softmax(op):
        layout = with_keywords(
            fixed((((2, 3),), {}), (((1, 3),), {})),
            {},
            {"axis": 0},
            {"axis": -1},
            {"axis": (0, 1)},
            {"axis": None},
        )
        return Case(f"special.{op.__name__}", op, layout, (REAL,), op, tries=12)

    CASES = [
        *named(REAL)("erf", "erfc", "erfi", "ndtr", "log_ndtr", "expit", "log_expit"),
        *named(UNIT)("erfinv"),
        *named(SHARE)("logit", "ndtri"),
        *named((0.1, 1.8))("erfcinv"),
        *named(REAL)("exp2", "exp10", "expm1", "cosm1", "cbrt", "exprel"),
        *named(POSITIVE)("log1p", "expi", "exp1", "entr"),
        *named(REAL, POSITIVE)("xlogy"),
        *named(REAL, UNIT)("xlog1py"),
        *named(POSITIVE, POSITIVE)("rel_entr", "kl_div", "beta", "betaln"),
        *named(POSITIVE)("gammaln", "loggamma", "gamma", "digamma"),
        *named((-0.8, -0.2))("gammaln", "gamma", "digamma"),
        *named(REAL)("j0", "j1", "i0", "i1", "i0e", "i1e"),
        *named(POSITIVE)("y0", "y1", "k0", "k1"),
        *of_order("polygamma", "jv", "yv", "iv", "ive", "kv"),
        *named(POSITIVE, REAL)("pseudo_huber"),
        Case(
            "special.huber",
            lambda delta, r: special.huber(delta, r),
            together(2),
            ((1.0, 1.5), REAL),
            special.huber,
            tries=8,
        ),
        Case(
            "special.zeta",
            lambda q: special.zeta(2.5, q),
            together(1),
            (POSITIVE,),
            special.zeta,
            tries=8,
        ),
        Case(
            "special.hyp1f1",
            lambda x: special.hyp1f1(1.5, 2, x),
            together(1),
            (REAL,),
            special.hyp1f1,
            tries=8,
        ),
        *[
            Case(
                f"special.{op.__name__}",
                lambda x, op=op: op(1.5, x),
                together(1),
                (POSITIVE,),
                op,
                tries=8,
            )
            for op in (special.gammainc, special.gammaincc)
        ],
        Case("special.logsumexp", special.logsumexp, over_axes(), (REAL,), special.logsumexp),
        Case(
            "special.logsumexp with weights",
            lambda x, b, **keywords: special.logsumexp(x, b=b, **keywords),
            over_axes(number=2),
            (REAL, POSITIVE),
            special.logsumexp,
        ),
        Case(
            "special.logsumexp with weights of another shape",
            lambda x, b: special.logsumexp(x, 1, b),
            fixed((((3,), (2, 3)), {}), (((2, 1), (3,)), {}), (((2, 3), ()), {})),
            (REAL, POSITIVE),
            special.logsumexp,
            tries=6,
        ),
        Case(
            "special.logsumexp with a sign",
            weighted,
            over_axes(number=2),
            (REAL, (-2.0, -0.5)),
            special.logsumexp,
        ),
        axes_of_softmax(special.softmax),
        axes_of_softmax(special.log_softmax),
    ]
