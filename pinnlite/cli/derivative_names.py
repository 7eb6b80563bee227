"""What derivatives are called in a table's headings, and by which variable they are taken."""

from collections.abc import Sequence

from pinnlite.errors import ProblemError

_MOST_PRIMES = 3


def chosen_variable(variables: Sequence[str], wrt: str | None) -> str:
    """The variable to differentiate by.

    Raises:
        ProblemError: there are several and none was chosen, or there is none of that name.
    """
    if wrt is None and len(variables) > 1:
        raise ProblemError(f"by which variable? There are {', '.join(variables)}: add --wrt {variables[0]}")
    if wrt is not None and wrt not in variables:
        raise ProblemError(f"--wrt: there is no variable {wrt}; there is {', '.join(variables)}")
    return wrt or variables[0]


def derivative_names(f: str, variables: Sequence[str], variable: str, order: int) -> list[str]:
    """f, f', f'' with one variable; f, f_x, f_xx or df/dtheta with several.

    >>> derivative_names("u", ["x"], "x", 4), derivative_names("f", ["x", "y"], "y", 2)
    (['u', "u'", "u''", "u'''", 'u^(4)'], ['f', 'f_y', 'f_yy'])
    """
    if len(variables) == 1:
        return [f + ("'" * k if k <= _MOST_PRIMES else f"^({k})") for k in range(order + 1)]
    if len(variable) == 1:
        return [f + ("_" + variable * k if k else "") for k in range(order + 1)]
    powers = ["", "", *map(str, range(2, order + 1))]
    return [f, *(f"d{powers[k]}{f}/d{variable}{powers[k]}" for k in range(1, order + 1))]


def typeset_derivatives(f: str, variables: Sequence[str], variable: str, order: int) -> list[str]:
    """The same in TeX."""
    from pinnlite.language.latex import typeset_name

    f = typeset_name(f)
    if len(variables) == 1:
        return [f + ("'" * k if k <= _MOST_PRIMES else f"^{{({k})}}") for k in range(order + 1)]
    return [f + (f"_{{{typeset_name(variable) * k}}}" if k else "") for k in range(order + 1)]
