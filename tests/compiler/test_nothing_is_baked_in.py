"""What a program could not repeat is an error that names the line and says what to write."""

import random

import numpy as np
import pytest

import tinygrad_reg as tg

x = np.array([1.0, -2.0, 3.0])
generator = np.random.default_rng(0)
history = []
last = {}


def branch_on_a_sum(w):
    if np.sum(w) > 0:
        return np.sum(w)
    return np.sum(w**2)


def loop_while(w):
    while np.max(w) > 1:
        w = w / 2
    return np.sum(w)


def truth(w):
    return np.sum(w) and np.sum(w**2)


def assertion(w):
    assert np.all(w < 10)
    return np.sum(w)


def largest_of_two(w):
    return max(w[0], w[1])


def conditional_expression(w):
    return w[0] if w[0] > w[1] else w[1]


def float_of(w):
    return np.sum(w) * float(w[0])


def int_of(w):
    return np.sum(w) * int(w[0])


def as_an_index(w):
    return np.sum(w[: w[2].astype(int)])


def as_a_length(w):
    return np.sum(w) * len(range(w[0].astype(int)))


def item(w):
    return np.sum(w) * w[0].item()


def item_of_an_index(w):
    return np.sum(w) * w.item(0)


def to_list(w):
    return np.sum(w) * sum(w.tolist())


def iteration(w):
    total = 0.0
    for entry in w:
        total = total + entry
    return total


def unpacking(w):
    a, b, c = w
    return a * b * c


def entries(w):
    return sum(w.flat)


def membership(w):
    return np.sum(w) * (3.0 in w)


def plain_array(w):
    return np.sum(np.asarray(w))


def plain_copy(w):
    return np.sum(np.array(w))


def formatted_number(w):
    return np.sum(w) * len(f"{float(w[0]):.3f}")


def draw_with_numpy(w):
    return np.sum(w * np.random.normal(size=3))


def draw_with_a_generator(w):
    return np.sum(w * generator.random(3))


def draw_with_a_new_generator(w):
    return np.sum(w * np.random.default_rng().normal(size=3))


def draw_with_a_local_generator(w):
    local = np.random.default_rng(0)
    noise = local.normal(size=3)
    return np.sum(w * noise)


def draw_with_random(w):
    return np.sum(w) * random.random()


def draw_with_gauss(w):
    return np.sum(w) * random.gauss(0, 1)


def shuffle(w):
    order = [0, 1, 2]
    random.shuffle(order)
    return np.sum(w[order[0]])


def dropout(w):
    return np.sum(tg.dropout(w, 0.5, generator))


def data_of_a_tensor(w):
    return np.sum(w) * np.sum(w.data)


def data_of_a_result(w):
    return np.sum(w) * (w * w).data[0]


def append_outside(w):
    history.append(w * 2)
    return np.sum(w)


def write_a_global(w):
    last["w"] = np.tanh(w)
    return np.sum(w)


def write_an_attribute(w):
    write_an_attribute.kept = w + 1
    return np.sum(w)


def boolean_selection(w):
    return np.sum(w[w > 0])


def where_with_one_argument(w):
    return np.sum(np.where(w > 0)[0])


def nonzero(w):
    return np.sum(np.nonzero(w)[0])


def unique(w):
    return np.sum(np.unique(w))


def write_an_entry(w):
    w[0] = 1.0
    return np.sum(w)


def write_into_an_array(w):
    total = np.zeros(3)
    total[0] = w[0]
    return np.sum(total)


def add_in_place(w):
    w += 1
    return np.sum(w)


def out_argument(w):
    return np.sum(np.add(w, 1, out=np.zeros(3)))


def sort_in_place(w):
    w.sort()
    return np.sum(w)


BAKED = {
    branch_on_a_sum: "np.where",
    loop_while: "np.where",
    truth: "np.logical_and",
    assertion: "np.where",
    largest_of_two: "np.maximum",
    conditional_expression: "np.where",
    float_of: "static",
    int_of: "static",
    as_an_index: "static",
    as_a_length: "static",
    item: "static",
    item_of_an_index: "static",
    to_list: "static",
    iteration: "range(len(x))",
    unpacking: "range(len(x))",
    entries: "range(len(x))",
    membership: "np.any",
    plain_array: "the array itself",
    plain_copy: "the array itself",
    formatted_number: "static",
    draw_with_numpy: "argument",
    draw_with_a_generator: "argument",
    draw_with_a_new_generator: "argument",
    draw_with_a_local_generator: "argument",
    draw_with_random: "argument",
    draw_with_gauss: "argument",
    shuffle: "argument",
    dropout: "argument",
    data_of_a_tensor: "return it",
    data_of_a_result: "return it",
    boolean_selection: "np.where",
    where_with_one_argument: "np.where",
    nonzero: "np.where",
    unique: "as an argument",
    write_an_entry: "np.where",
    write_into_an_array: "",
    add_in_place: "x = x + y",
    out_argument: "a = a + b",
    sort_in_place: "np.sort",
    append_outside: "Return the value",
    write_a_global: "Return the value",
    write_an_attribute: "Return the value",
}
# Of tensors these have a meaning, or the engine refuses them in its own words.
WITHOUT_TENSORS = {
    iteration,
    unpacking,
    add_in_place,
    boolean_selection,
    where_with_one_argument,
    nonzero,
    unique,
}


@pytest.mark.parametrize("f", BAKED, ids=lambda f: f.__name__)
def test_a_function_of_arrays_is_refused_with_its_line_and_a_way_out(f):
    with pytest.raises(TypeError) as caught:
        tg.compile(f)(x)
    check_message(f, str(caught.value))


@pytest.mark.parametrize(
    "f", [f for f in BAKED if f not in WITHOUT_TENSORS], ids=lambda f: f.__name__
)
def test_its_gradient_is_refused_as_well(f):
    with pytest.raises((TypeError, ValueError, AttributeError)):
        tg.compile(tg.grad(f))(x)


def check_message(f, message):
    lines = f.__code__.co_firstlineno, f.__code__.co_firstlineno + 8
    assert BAKED[f] in message
    if f not in (append_outside, write_a_global, write_an_attribute, write_into_an_array):
        number = int(message.split("test_nothing_is_baked_in.py, line ")[1].split(":")[0])
        assert lines[0] < number < lines[1]


def test_a_random_state_is_not_moved_by_the_refusal():
    before = generator.bit_generator.state
    with pytest.raises(tg.TracingError):
        tg.compile(draw_with_a_generator)(x)
    assert generator.bit_generator.state == before


def test_what_was_written_outside_cannot_be_used_later():
    kept = []

    def keep(w):
        kept.append(w)
        return np.sum(w)

    with pytest.raises(tg.TracingError, match="outside"):
        tg.compile(keep)(x)
    with pytest.raises(tg.TracingError, match="outlived"):
        kept[0] + 1


def test_python_numbers_are_inputs_or_static():
    def power(w, n, scale):
        y = w
        for _ in range(n):
            y = y * w
        return np.sum(y) * scale

    with pytest.raises(tg.TracingError, match="static"):
        tg.compile(power)(x, 2, 3.0)
    program = tg.compile(power, static="n")
    assert program(x, 2, 3.0) == power(x, 2, 3.0)
    assert program(x, 2, 5.0) == power(x, 2, 5.0)
    assert program.cache_info().misses == 1
    assert program(x, 3, 5.0) == power(x, 3, 5.0)
    assert program.cache_info().misses == 2
    by_position = tg.compile(power, static=1)
    assert by_position(x, n=4, scale=1.0) == power(x, 4, 1.0)


def test_a_branch_on_what_is_static_or_a_shape_is_fine():
    def f(w, kind):
        if kind == "l1" and w.ndim == 1 and len(w) == 3 and w.shape[0] > 2:
            return np.sum(np.abs(w))
        return np.sum(w**2)

    program = tg.compile(f)
    assert program(x, "l1") == 6
    assert program(x, "l2") == 14
    assert program(np.ones(2), "l1") == 2


def test_a_closed_over_array_is_copied():
    data = np.array([1.0, 2.0, 3.0])
    program = tg.compile(tg.grad(lambda w: np.sum(w * data)))
    assert program(x).tolist() == [1, 2, 3]
    data[:] = 7
    assert program(x).tolist() == [1, 2, 3]
    program.cache_clear()
    assert program(x).tolist() == [7, 7, 7]


def test_a_tensor_from_outside_that_needs_a_gradient_is_refused():
    outer = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(tg.TracingError, match="argument"):
        tg.compile(lambda w: np.sum(w * outer))(x)


def test_a_function_that_returns_something_else_is_refused():
    with pytest.raises(tg.TracingError, match="str"):
        tg.compile(lambda w: "text")(x)


def test_loops_over_rows_by_index_are_fine():
    def f(w):
        return sum(w[i] * i for i in range(len(w)))

    assert tg.compile(f)(x) == f(x)
