"""Random pictures for property tests: any graph, any tree of groups around its boxes."""

from hypothesis import strategies as st

from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture

OPERATIONS = ("@", "+", "×", "tanh", "exp", "λ/2m ‖·‖²", "·ᵀ", "Σ")
TITLES = ("layer 1", "layer 2", "encoder", "", "a/b", "g0", "forward", "operations 1–3")
KINDS = ("scope", "call", "layer", "penalty", "repeat", "block")
SHAPES = ((), (3,), (2, 3))


@st.composite
def pictures(draw, most=30):
    """Up to `most` nodes with edges from earlier ones, in parts, in groups in groups."""
    choose = st.integers(0, 10**6)
    groups = []
    parts = draw(st.sampled_from((0, 0, 1, 2)))
    for i in range(parts):
        groups.append(Group(f"g{i}", ("forward", "gradient")[i], "part"))
    for i in range(parts, parts + draw(st.integers(0, 8))):
        numbers = [draw(choose) for _ in range(4)]
        around = groups[numbers[0] % (len(groups) + 1) - 1] if groups else None
        if groups and numbers[0] % (len(groups) + 1) == 0:
            around = None
        kind = KINDS[numbers[2] % len(KINDS)]
        groups.append(
            Group(
                f"g{i}",
                TITLES[numbers[1] % len(TITLES)],
                kind,
                parent=None if around is None else around.key,
                count=numbers[3] % 4 + 1 if kind == "repeat" else 1,
            )
        )
    nodes, edges = [], []
    for i in range(draw(st.integers(0, most))):
        first, second, third, fourth = (draw(choose) for _ in range(4))
        arguments = [first % i, second % i][: third % 3] if i else []
        group = ([None] + groups)[fourth % (len(groups) + 1)]
        is_forward = parts < 2 or first % 3 or not i
        nodes.append(
            Node(
                str(i),
                "operation" if arguments else ("parameter", "data")[first % 2],
                OPERATIONS[second % len(OPERATIONS)] if arguments else "",
                name=None if first % 3 else f"x{i}",
                shape=SHAPES[third % 3],
                part="forward" if is_forward else "gradient",
                gradient_of=None if is_forward or first % 2 else str(second % i),
                group=None if group is None else group.key,
            )
        )
        edges += [Edge(str(x), str(i), str(k + 1), argument=k) for k, x in enumerate(arguments)]
    occupied = set()
    parents = {each.key: each.parent for each in groups}
    for node in nodes:
        key = node.group
        while key is not None:
            occupied.add(key)
            key = parents[key]
    return Picture(nodes, edges, [each for each in groups if each.key in occupied])


def chain_of(period, times):
    """A graph in which the same operations come `times` times, each on the result of the last."""
    nodes, edges = [Node("0", "data", name="x", shape=(3,))], []
    for i in range(1, len(period) * times + 1):
        nodes.append(Node(str(i), "operation", period[(i - 1) % len(period)], shape=(3,)))
        edges.append(Edge(str(i - 1), str(i)))
    return Picture(nodes, edges)


def boxes_in(picture):
    """The keys of all boxes, and of what stands in each group, by the group's key."""
    inside = {each.key: [] for each in picture.groups} | {None: []}
    for each in [*picture.nodes, *picture.groups]:
        inside[each.group if isinstance(each, Node) else each.parent].append(each.key)
    return inside
