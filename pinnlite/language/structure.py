"""Questions about the form of a tree."""

from collections.abc import Iterable, Iterator

from pinnlite.errors import DerivativeError
from pinnlite.language.derivative import differentiate
from pinnlite.language.nodes import Call, Integral, Leaf, Node, Symbol


def deep_leaves(node: Node) -> frozenset[Leaf]:
    """The leaves of a tree, those under integral signs included."""
    inner = (deep_leaves(leaf.integrand) for leaf in node.leaves if isinstance(leaf, Integral))
    return node.leaves.union(*inner)


def linear_in(node: Node, leaves: Iterable[Leaf]) -> bool:
    """Whether a tree is linear (affine) in some of its leaves taken together.

    Exact for the tree as it stands: the derivative by each leaf must contain none of them. It may say False for a
    tree whose nonlinear parts would cancel after expanding brackets, never True for a nonlinear one.

    Args:
        node: the tree, such as the residual of an equation.
        leaves: the leaves asked about, such as all partials of the unknowns. An integral counts as linear if its
            integrand is linear in all partials under it.

    >>> from pinnlite.language.equation import parse_statements
    >>> oscillator, pendulum = parse_statements(["u'' + u = x", "v'' + sin(v) = 0"], ["x"], {})
    >>> linear_in(oscillator.residual, oscillator.unknown_leaves)
    True
    >>> linear_in(pendulum.residual, pendulum.unknown_leaves)
    False
    """
    asked = node.leaves.intersection(leaves)
    if any(call.leaves & asked for call in jumps(node)):
        return False  # the derivative of sign is 0, which would look linear
    for leaf in asked:
        if isinstance(leaf, Integral) and not linear_in(leaf.integrand, unknown_leaves(leaf.integrand)):
            return False
        try:
            slope = differentiate(node, leaf)
        except (DerivativeError, ArithmeticError):
            return False
        if slope.leaves & asked:
            return False
    return True


def unknown_leaves(node: Node) -> frozenset[Leaf]:
    """The leaves that stand for an unknown function: everything but coordinates and parameters."""
    return frozenset(leaf for leaf in node.leaves if not isinstance(leaf, Symbol))


def jumps(node: Node) -> Iterator[Call]:
    """The calls of sign, whose derivative is not what it seems; each once."""
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Call) and each.function == "sign":
            yield each
        seen.add(each)
        waiting += [child for child in each.children if child not in seen]
