"""How annotations are checked at run time: an int may stand where a float is annotated, as type checkers have it.

A check takes longer than many of the functions that it guards, and a long solve calls them some hundred thousand times:
in every test there are checks until there were enough of them. To make a check takes longer still: it is made when it
is first needed.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from beartype import BeartypeConf, beartype
from jaxtyping import config

ENOUGH = 2_000  # calls that are checked, in one test

_strictly = beartype(conf=BeartypeConf(is_pep484_tower=True))
_left = [ENOUGH]


def begin_test() -> None:
    """From now on annotations are checked again."""
    _left[0] = ENOUGH
    config.update("jaxtyping_disable", False)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a signature that jaxtyping calls to have arguments, or arguments and result, checked.

    It makes both of every function and calls one after the other. The second, which takes the result as a keyword
    beginning with ``ret``, checks what the first does.
    """
    *_, last = ("", *inspect.signature(function).parameters)
    if not last.startswith("ret"):
        return function
    made: list[Callable[..., Any]] = []

    @wraps(function)
    def counted(*arguments: Any, **named: Any) -> Any:
        _left[0] -= 1
        if not _left[0]:
            config.update("jaxtyping_disable", True)
        if not made:
            made.append(_strictly(function))
        return made[0](*arguments, **named)

    return counted
