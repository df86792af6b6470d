"""Every regular expression of the code takes linear time: hostile input must not hold up a request."""

import ast
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from re import _constants as codes
from re import _parser as parser

import pytest
from django.conf import settings
from django.core.validators import EmailValidator, RegexValidator, URLValidator
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import RegexPattern

from tests.project.first_party import python_files
from tests.project.test_whole import our_models

FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "re_path"}
REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
COMPOSED = {  # patterns that are put together when they run: file and the parts that vary
    ("pilot/gate_checks.py", "re.escape(action.code)"),  # a literal text
    ("reports/documents/glyphs.py", "MISSING"),  # one character, repeated
    ("core/locales.py", "GROUPED"),  # tested with the patterns that contain it
    ("epi_site/urls.py", "old"),  # tested with the addresses below
}
UNBOUNDED = 1000  # repetitions
HOSTILE_LENGTH = 100_000
SECONDS = 2
SAMPLE = [chr(number) for number in range(128)] + list("äÅł²\u00a0\u202f’−中")


NAMED = re.compile(r"\bre\.|\bre_path\(")


@cache
def _calls() -> list[tuple[str, ast.expr]]:
    """Return each file and pattern that is given to a function of ``re``. Read by every run: it names the tests."""
    found = []
    for file in python_files():
        text = file.read_text("utf-8")
        if not NAMED.search(text):
            continue
        name = file.relative_to(settings.BASE_DIR).as_posix()
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.args)
        found += [(name, call.args[0]) for call in calls if _takes_pattern(call.func)]
    return found


def _takes_pattern(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id == "re" and function.attr in FUNCTIONS
    return isinstance(function, ast.Name) and function.id == "re_path"


def _literals() -> dict[str, re.Pattern]:
    found = {}
    for name, pattern in _calls():
        if isinstance(pattern, ast.Constant):
            found[f"{name}: {pattern.value!r}"] = re.compile(pattern.value, re.MULTILINE)
    return found


def _addresses(patterns, prefix="") -> Iterator[tuple[str, re.Pattern]]:
    for entry in patterns:
        name = prefix + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from _addresses(entry.url_patterns, name)
        elif isinstance(entry.pattern, RegexPattern) or entry.pattern.converters:
            yield f"address {name}", re.compile(entry.pattern.regex.pattern)


def _validators() -> Iterator[tuple[str, re.Pattern]]:
    for model in our_models():
        for field in model._meta.concrete_fields:
            for check in field.validators:
                if isinstance(check, RegexValidator) and not isinstance(check, URLValidator | EmailValidator):
                    yield f"{model._meta.label}.{field.name}", check.regex


def patterns() -> dict[str, re.Pattern]:
    return _literals() | dict(_addresses(get_resolver().url_patterns)) | dict(_validators())


PATTERNS = patterns()

# ---- two repetitions that share characters


def _characters(item) -> set[str]:
    """Return the characters of the sample that one parsed item can match."""
    code, argument = item
    if code in {codes.SUBPATTERN, codes.BRANCH, codes.ATOMIC_GROUP, *REPEATS}:
        return set().union(*(_characters(part) for parts in _inner(item) for part in parts), set())
    if code in {codes.AT, codes.ASSERT, codes.ASSERT_NOT, codes.GROUPREF}:
        return set()
    return {one for one in SAMPLE if _matches_one(code, argument, one)}


def _matches_one(code, argument, one: str) -> bool:
    if code is codes.ANY:
        return one != "\n"
    if code is codes.LITERAL:
        return ord(one) == argument
    if code is codes.NOT_LITERAL:
        return ord(one) != argument
    if code is codes.RANGE:
        return argument[0] <= ord(one) <= argument[1]
    if code is codes.CATEGORY:
        return bool(re.fullmatch(CATEGORIES[argument], one))
    if code is codes.IN:
        negated = argument[0][0] is codes.NEGATE
        return negated != any(_matches_one(*part, one) for part in argument if part[0] is not codes.NEGATE)
    raise NotImplementedError(code)


CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _inner(item) -> list:
    """Return the sequences inside a group, a repetition or an alternative."""
    code, argument = item
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code in REPEATS:
        return [argument[2]]
    if code is codes.ATOMIC_GROUP:
        return [argument]
    return list(argument[1]) if code is codes.BRANCH else []


def _is_unbounded(item) -> bool:
    code, argument = item
    return code in {codes.MAX_REPEAT, codes.MIN_REPEAT} and argument[1] >= UNBOUNDED


def overlaps(sequence, *, inside: bool = False) -> bool:
    """Return whether two repetitions can share characters, one inside the other or one after the other."""
    items = _flat(sequence)
    for index, item in enumerate(items):
        unbounded = _is_unbounded(item)
        if unbounded and inside:
            return True
        if any(overlaps(parts, inside=inside or unbounded) for parts in _inner(item)):
            return True
        if unbounded and _shares_characters(_characters(item), items[index + 1 :]):
            return True
    return False


def _flat(sequence) -> list:
    """Return the items of a sequence with those of its groups in their place."""
    items = []
    for item in sequence:
        items += _flat(item[1][-1]) if item[0] is codes.SUBPATTERN else [item]
    return items


def _shares_characters(characters: set[str], following: list) -> bool:
    for item in following:
        shared = _characters(item) & characters
        if _is_unbounded(item) and shared:
            return True
        is_optional = item[0] in {codes.MAX_REPEAT, codes.MIN_REPEAT} and item[1][0] == 0
        if not shared and not is_optional and item[0] is not codes.AT:
            return False  # a character between them that belongs to neither
    return False


# ---- tests


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    def stop(*_args):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _hostile(pattern: re.Pattern) -> Iterator[str]:
    """Yield long texts of the pattern's own characters, which match nearly."""
    tree = parser.parse(pattern.pattern)
    start = "".join(chr(argument) for code, argument in tree if code is codes.LITERAL)
    parts = {
        next((one for one in SAMPLE[::-1] if one in found), "") for item in _flat(tree) if (found := _characters(item))
    }
    for part in sorted(parts | {" ", "1", "a"}):
        yield part * HOSTILE_LENGTH
        yield start + part * HOSTILE_LENGTH + "\x00"
        yield (start + part) * (HOSTILE_LENGTH // (len(start) + 1))
        yield f"{part} " * (HOSTILE_LENGTH // 2)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_pattern_has_no_overlapping_repetitions(name):
    assert not overlaps(parser.parse(PATTERNS[name].pattern))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(name for name in PATTERNS if not name.startswith("address") or "." in name))
def test_hostile_text_takes_no_time(name):
    """Run every pattern, and those of addresses that match any character; others stop at the first slash."""
    pattern = PATTERNS[name]

    for text in _hostile(pattern):
        hostile = text.encode("latin-1", "ignore") if isinstance(pattern.pattern, bytes) else text
        with time_limit(SECONDS):
            pattern.search(hostile)
            pattern.fullmatch(hostile)


@pytest.mark.parametrize("pattern", [r"(.+?)[,:;]?\s+(\d{1,6})", r"(a+)+b", r"<\w+[^>]*>", r"\d+\s*\d+x", r"(\w+,?)*;"])
def test_overlapping_repetitions_are_found(pattern):
    assert overlaps(parser.parse(pattern))


@pytest.mark.parametrize("pattern", [r"\d+\.\d+", r"[a-z]+-(?P<key>.+)/$", r"\w+\s*=\s*\"[^\"]*\"", r"[0-9]{1,18}"])
def test_separate_repetitions_are_not_found(pattern):
    assert not overlaps(parser.parse(pattern))


@pytest.mark.slow
def test_composed_patterns_are_known():
    composed = {
        (name, ast.unparse(part.value))
        for name, pattern in _calls()
        if isinstance(pattern, ast.JoinedStr)
        for part in pattern.values
        if isinstance(part, ast.FormattedValue)
    }
    unknown = [
        f"{name}: {ast.unparse(pattern)}"
        for name, pattern in _calls()
        if not isinstance(pattern, ast.Constant | ast.JoinedStr)
    ]

    assert composed == COMPOSED
    assert unknown == []
