"""A line that is entered wrongly, or a rule that gives something else, is named in the error."""

import numpy as np
import pytest

import tinygrad_reg as tg

X = np.array([1.0, 2.0, 3.0])


def fresh():
    """An operation that has no line yet."""

    def doubled(x):
        return x * 2

    return doubled


def by_reverse(f):
    return tg.grad(lambda x: np.sum(f(x)))(X)


def by_forward(f):
    return tg.jvp(f, (X,), (X,))


def fails(x):
    raise KeyError("something of the user's own")


WRONG = {
    "nothing": (lambda x: None, TypeError, r"doubled.*NoneType"),
    "another shape": (lambda x: x[:2], ValueError, r"doubled.*\(2,\).*\(3,\)"),
    "complex": (lambda x: x * 1j, TypeError, r"doubled.*complex128 where float64 was expected"),
    "text": (lambda x: np.array(["a", "b", "c"]), TypeError, r"doubled"),
    "an error": (fails, KeyError, "of the user's own"),
}
FORMS = {
    "elementwise": lambda wrong: tg.elementwise(fresh(), lambda y, x: wrong(x)),
    "linear": lambda wrong: tg.linear(fresh(), lambda cotangent, y, x: wrong(cotangent)),
    "derivative": lambda wrong: tg.derivative(
        fresh(),
        pullbacks=[lambda cotangent, y, x: wrong(cotangent)],
        pushforwards=[lambda tangent, y, x: wrong(tangent)],
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("form", FORMS)
def test_what_a_rule_gives_is_checked_and_the_operation_named(form, wrong):
    rule, error, message = WRONG[wrong]
    f = FORMS[form](rule)
    for sweep in (by_reverse, by_forward):
        if form == "linear" and sweep is by_forward:
            continue  # there the operation itself is the rule
        with pytest.raises(error, match=message) as caught:
            sweep(f)
        if error is KeyError:
            assert "raised by the rule of doubled" in caught.value.__notes__[0]


@pytest.mark.parametrize("given", [2.0, [1.0, 2.0, 3.0], "x"])
@pytest.mark.parametrize("form", ["linear", "derivative"])
def test_a_cotangent_has_to_be_an_array(form, given):
    with pytest.raises(TypeError, match=f"doubled gave {type(given).__name__} where an array"):
        by_reverse(FORMS[form](lambda x: given))


@pytest.mark.parametrize("sweep", [by_reverse, by_forward])
def test_a_rule_of_other_arguments_is_named(sweep):
    with pytest.raises(TypeError, match=r"rule of doubled for argument 0.*takes 1 positional"):
        sweep(tg.elementwise(fresh(), lambda y: y))


@pytest.mark.parametrize(
    ("enter", "message"),
    [
        (lambda: tg.elementwise(fresh()), "doubled was given 0 rules: expected 1"),
        (lambda: tg.elementwise(fresh(), 1, 2), "doubled was given 2 rules: expected 1"),
        (lambda: tg.linear(fresh(), max, max), "doubled was given 2 rules: expected 1"),
        (lambda: tg.elementwise(np.add, 1), "add was given 1 rules: expected 2"),
        (lambda: tg.elementwise(lambda a, b: a, 1, 0, 0), "3 rules: expected 1 to 2"),
        (lambda: tg.elementwise(fresh(), "2"), "doubled was given '2' as its rule for argument 0"),
        (lambda: tg.elementwise("doubled", 2), "expected a function of arrays"),
        (
            lambda: tg.derivative(fresh(), pullbacks=[max], pushforwards=[]),
            "1 pullbacks and 0 pushforwards",
        ),
    ],
)
def test_the_number_and_kind_of_rules_is_checked_when_they_are_entered(enter, message):
    with pytest.raises(TypeError, match=message):
        enter()


def test_an_operation_of_any_number_of_arguments_takes_any_number_of_rules():
    def added(*xs):
        return sum(xs)

    f = tg.elementwise(added, 1, 1, 1)
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(f(x, x, x)))(X), [3, 3, 3])


def test_an_argument_without_a_rule_is_named():
    def scaled(x, factor):
        return x * factor

    f = tg.elementwise(scaled, lambda y, x, factor: factor)
    with pytest.raises(TypeError, match="scaled has no derivative in its argument 1"):
        tg.grad(lambda x: np.sum(f(x, x)))(X)
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(f(x, 2.0)))(X), [2, 2, 2])
