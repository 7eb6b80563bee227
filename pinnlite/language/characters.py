"""What is said about a character that has no place in an expression."""

import re
import unicodedata

# What names are made of: Greek letters too, but for pi, the constant, and those that are operators (Δ, Π).
LETTERS = "A-Za-zα-ξρ-ωΓΘΛΞΣΦΨΩ"
NAME = f"[{LETTERS}_][{LETTERS}0-9_]*"
PRIMES = {"'": 1, "′": 1, "’": 1, "″": 2, "‴": 3}

HINTS = {
    "!": "factorials are not part of the language; write the number",
    "|": "an absolute value is written abs(x)",
    ".": "a decimal point stands next to a digit, as in 0.5; a product is written x*y; attributes are not read",
    '"': "quotation marks are not part of an expression; a second derivative is u'' with two single quotes",
    "'": "a prime marks a derivative, which only an equation has; here, parse f and call .diff",
    "[": "round brackets do all the grouping: (x + 1)",
    "]": "round brackets do all the grouping: (x + 1)",
    "{": "round brackets do all the grouping: (x + 1); a derivative is written u_xx",
    "}": "round brackets do all the grouping: (x + 1)",
    "%": "a percentage is written as a number, such as 0.05; remainders are not part of the language",
    "<": "comparisons are not part of the language; max, min, sign and abs are",
    ">": "comparisons are not part of the language; max, min, sign and abs are",
    ";": "one expression at a time",
    "√": "a square root is written sqrt(x)",
    "∞": "constants must be finite reals",
    "÷": "a quotient is written x/y",
    "\\": "LaTeX is not read; write sin(x), x**2, x/y",
}
DEFAULT_HINT = "an expression is made of numbers, names, + - * / **, brackets and commas"

# Letters of other alphabets that look like Latin ones in most fonts (after Unicode's confusables table).
_ALIKE = dict(
    zip(
        "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅ" + "οναρυιγκχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "ıɑɡℓ",
        "aeopcyxijsdhlqwABEKMHOPCTYXIJS" + "ovapuiykxwABEZHIKMNOPTYX" + "iagl",
        strict=True,
    )
)


def describe(character: str) -> tuple[str, str]:
    """A message and a hint about a character that cannot be read."""
    code = f"U+{ord(character):04X}"
    if not character.isprintable() and not character.isspace():
        return f"the text holds the invisible character {code}", "delete it and type the place anew"
    if character.isascii():
        return f"{character!r} has no meaning here", HINTS.get(character, DEFAULT_HINT)
    name = unicodedata.name(character, code)
    return f"{character!r} ({name}) has no meaning here", _hint(character)


def _hint(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    latin = _ALIKE.get(character) or (plain if plain.isascii() and plain.isalnum() else None)
    greek = re.fullmatch(r"GREEK \w+ LETTER (\w+)", unicodedata.name(plain[0], ""))
    if unicodedata.name(character, "").endswith(("DOT ABOVE", "DIAERESIS")):
        return "a derivative is written u' and u'', or u_t and u_tt"
    if latin and greek:
        return f"it looks like {latin!r}; if the Greek letter is meant, spell it out: {greek[1].lower()}"
    if latin:
        return f"it looks like {latin!r}: type the plain {'digit' if latin.isdigit() else 'Latin letter'}"
    if greek:
        return f"spell Greek letters out: {greek[1].lower()}"
    return HINTS.get(character, DEFAULT_HINT)
