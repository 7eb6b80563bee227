"""Text to tokens, with the limits and the errors that concern characters and brackets alone."""

import re
from collections.abc import Callable

from lark import Token

from pinnlite.errors import ParseError
from pinnlite.language.characters import NAME, PRIMES, describe

MAX_LENGTH = 1000
MAX_NESTING = 40

_TOKEN = re.compile(
    rf"""
    (?P<NUMBER>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<NAME>(?:{NAME}|π)[{"".join(PRIMES)}]*)
  | (?P<POWER>\*\*|\^)
  | (?P<SUPERSCRIPT>⁻?[⁰¹²³⁴-⁹]+)
  | (?P<RELATION>==|<=|>=|!=|<|>)
  | (?P<EQUALS>=)
  | (?P<PLUS>\+)
  | (?P<MINUS>[-−])
  | (?P<STAR>[*·×⋅])
  | (?P<SLASH>/)
  | (?P<OPEN>\()
  | (?P<CLOSE>\))
  | (?P<COMMA>,)
    """,
    re.VERBOSE,
)
# 1..2, 1.2.3, 1_000, 0x10, 0b11, 0o7
_NOT_A_NUMBER = re.compile(
    r"[0-9]*\.[0-9]*\.[0-9.]*|[0-9]+(?:_[0-9]+)+|0[xX][0-9A-Fa-f]+|0[bB][01]+|0[oO][0-7]+"
)
_SPACE = re.compile(r"\s*")
_SUFFIX = re.compile(rf"(?:_(?:{NAME})?)|[{''.join(PRIMES)}]+")  # behind a bracket, as in (u^2)_xx
_CLOSES_A_VALUE = {"NUMBER", "NAME", "CLOSE", "SUPERSCRIPT", "SUFFIX", "BELOW"}
_SIGNS, _WAITING = {"PLUS", "MINUS"}, {"POWER", "OPERATOR"}

# Type and end of a token that spans several symbols, such as d2u/dx2, or None if none starts here.
LongToken = Callable[[str, int], tuple[str, int] | None]


def error_at(text: str, start: int, stop: int, message: str, hint: str | None = None) -> ParseError:
    """A ParseError with its caret under ``text[start:stop]``."""
    return ParseError(message, text, start + 1, max(1, stop - start), hint)


def tokenize(text: str, long_token: LongToken = lambda text, start: None) -> list[Token]:
    """Cut a text into tokens and check its length, its brackets and its nesting."""
    if len(text) > MAX_LENGTH:
        raise error_at(
            text,
            MAX_LENGTH,
            MAX_LENGTH + 1,
            f"the text has {len(text):,} characters, and the limit is {MAX_LENGTH:,}",
            "shorten it, or give the function as Python",
        )
    tokens: list[Token] = []
    place = _skip_space(text, 0)
    while place < len(text):
        token = _token_at(text, place, long_token)
        _check_number(text, token)
        tokens.append(token)
        assert token.end_pos is not None
        place = _skip_space(text, token.end_pos)
    _mark_called(tokens)
    _check_brackets(text, tokens)
    _check_nesting(text, tokens)
    return tokens


def _skip_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    assert match is not None
    return match.end()


def _token_at(text: str, start: int, long_token: LongToken) -> Token:
    found = long_token(text, start)
    suffix = _SUFFIX.match(text, start) if text[start - 1 : start] == ")" else None
    if found is None and suffix:
        found = "SUFFIX", suffix.end()
    if found is None:
        match = _TOKEN.match(text, start)
        if match is None:
            raise error_at(text, start, start + 1, *describe(text[start]))
        assert match.lastgroup is not None
        found = match.lastgroup, match.end()
    kind, stop = found
    return Token(kind, text[start:stop], start_pos=start, end_pos=stop)


def _check_number(text: str, token: Token) -> None:
    """Refuse what looks like one number and would be read as two."""
    wrong = _NOT_A_NUMBER.match(text, token.start_pos or 0) if token.type == "NUMBER" else None
    if wrong:
        message = f"{wrong.group()!r} is not a number"
        raise error_at(text, wrong.start(), wrong.end(), message, "write it as 10, 0.5 or 1e-3")


def _mark_called(tokens: list[Token]) -> None:
    for i, token in enumerate(tokens[:-1]):
        if token.type == "NAME" and token != "π" and tokens[i + 1].type == "OPEN":  # 2π(x + 1) is a product
            tokens[i] = token.update(type="CALLED")


def _check_brackets(text: str, tokens: list[Token]) -> None:
    open_: list[Token] = []
    for token in tokens:
        if token.type == "OPEN":
            open_.append(token)
        elif token.type == "CLOSE":
            if not open_:
                raise at_token(text, token, "this bracket closes nothing", "remove it, or open one before it")
            open_.pop()
    if open_:
        raise at_token(text, open_[-1], "this bracket is never closed", "add a ')' where it should end")


def _check_nesting(text: str, tokens: list[Token]) -> None:
    """Brackets, leading signs and towers of powers all nest; no recursion over a tree can overflow."""
    chains = [0]  # for each open bracket, the signs and powers that wait for their operand
    previous = None
    for token in tokens:
        if token.type == "OPEN":
            chains.append(0)
        elif token.type == "CLOSE":
            chains.pop()
        elif token.type in {"POWER", "OPERATOR"} or (
            token.type in {"PLUS", "MINUS"} and previous not in _CLOSES_A_VALUE
        ):
            chains[-1] += 1
        elif token.type in _SIGNS | {"STAR", "SLASH", "COMMA", "EQUALS"}:
            chains[-1] = 0
        if len(chains) - 1 + sum(chains) > MAX_NESTING:
            message = f"brackets, signs and powers are nested more than {MAX_NESTING} deep"
            raise at_token(text, token, message, "give a part of it a name, or write it with less nesting")
        previous = token.type


def at_token(text: str, token: Token, message: str, hint: str | None = None) -> ParseError:
    """A ParseError with its caret under a token."""
    return error_at(text, token.start_pos or 0, token.end_pos or 0, message, hint)
