"""The parser of conditions, as in SQL: `celsius >= 20 and (lab in ('A', 'B') or not hour between 3 and 5)`.

    expression  = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation    = "not" negation | "(" expression ")" | condition
    condition   = name operator value
                | name ["not"] "in" "(" [value {"," value}] ")"
                | name ["not"] "between" value "and" value
                | name "is" ["not"] "null"
                | name ["not"] ("like" | "contains") value
    operator    = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    name        = words | "in double quotes"
    value       = words | 'in single quotes' | "in double quotes"

Within quotes, a quotation mark is written twice. Words without quotes may have spaces between them;
keywords end them. NaN, NaT and None are null, and meet no condition but `is null`.
"""

import itertools
from collections.abc import Iterable

from bokeh_common.errors import Invalid
from bokeh_data.conditions.expression import AllOf, AnyOf, Condition, Expression, leaves, negate
from bokeh_data.conditions.scanner import Token, marked_error, scan

#: How many words a name or a value has without quotes; no name of a column has more.
MAX_WORDS = 8192

#: The maximum number of conditions of a query, of values of `in`, and of nested parentheses.
MAX_CONDITIONS = 100
MAX_VALUES = 10_000
MAX_DEPTH = 50

#: Words that are no part of a name or a value unless they are in quotes.
KEYWORDS = {"and", "or", "not", "in", "between", "is", "null", "like", "contains"}

_SAME = {"==": "=", "<>": "!="}


def parse_conditions(conditions: Iterable[str]) -> Expression[Condition] | None:
    """Parse conditions, all of which a row has to meet; None if there are none.

    Raises:
        Invalid: one does not have the form that this module describes; or there are too many of them.
    """
    parts = [parse_condition(text) for text in itertools.islice(conditions, MAX_CONDITIONS + 1)]
    found = _join(AllOf, parts) if parts else None
    if found is not None and sum(1 for _ in leaves(found)) > MAX_CONDITIONS:
        raise Invalid(f"A query may have at most {MAX_CONDITIONS} conditions ('between' is two).")
    return found


def parse_condition(text: str) -> Expression[Condition]:
    """Parse a condition, possibly of several parts.

    Raises:
        Invalid: it does not have the form that this module describes; the message marks the place.
    """
    return _Parser(text).parse()


class _Parser:
    """Parses one text by recursive descent; each token is read once."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens = text, scan(text)
        self._token = next(self._tokens)
        self._conditions = self._depth = 0

    def parse(self) -> Expression[Condition]:
        found = self._disjunction()
        if self._token.kind != "end":
            raise self._error("'and', 'or' or the end of the condition is expected.")
        return found

    def _disjunction(self) -> Expression[Condition]:
        parts = [self._conjunction()]
        while self._skip("or"):
            parts.append(self._conjunction())
        return _join(AnyOf, parts)

    def _conjunction(self) -> Expression[Condition]:
        parts = [self._negation()]
        while self._skip("and"):
            parts.append(self._negation())
        return _join(AllOf, parts)

    def _negation(self) -> Expression[Condition]:
        is_negated = False
        while self._skip("not"):
            is_negated = not is_negated
        found = self._parenthesized() if self._skip("(") else self._condition()
        return negate(found) if is_negated else found

    def _parenthesized(self) -> Expression[Condition]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"Parentheses may be nested {MAX_DEPTH} deep.")
        found = self._disjunction()
        self._expect(")", "A closing parenthesis ')' is expected.")
        self._depth -= 1
        return found

    def _condition(self) -> Expression[Condition]:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise self._error(f"A query may have at most {MAX_CONDITIONS} conditions.")
        name = self._name()
        if self._token.kind == "operator":
            op = self._next().value
            return _compare(name, _SAME.get(op, op), self._value())
        is_negated = self._skip("not")
        found = self._word_condition(name, is_negated)
        return negate(found) if is_negated else found

    def _word_condition(self, name: str, is_negated: bool) -> Expression[Condition]:
        if self._skip("in"):
            return _compare(name, "in", *self._list())
        if self._skip("between"):
            return self._between(name)
        for op in ("like", "contains"):
            if self._skip(op):
                return _compare(name, op, self._value())
        if not is_negated and self._skip("is"):
            return self._null_test(name)
        raise self._error("This is not a condition such as 'celsius >= 20' or 'name in (a, b)'.")

    def _between(self, name: str) -> Expression[Condition]:
        low = self._value()
        self._expect("and", "Write 'between a and b'.")
        return AllOf((_compare(name, ">=", low), _compare(name, "<=", self._value())))

    def _null_test(self, name: str) -> Condition:
        op = "is not" if self._skip("not") else "is"
        self._expect("null", "Write 'is null' or 'is not null'.")
        return _compare(name, op)

    def _list(self) -> list[Token]:
        self._expect("(", "Write the values of 'in' in parentheses: in (a, b).")
        if self._skip(")"):
            return []
        values = [self._value()]
        while self._skip(","):
            if len(values) >= MAX_VALUES:
                raise self._error(f"'in' takes up to {MAX_VALUES} values, separated by commas.")
            values.append(self._value())
        self._expect(")", "A comma or a closing parenthesis ')' is expected.")
        return values

    def _name(self) -> str:
        if self._token.kind == "string":
            raise self._error("The name of a column must be in double quotes; single quotes are for values.")
        return self._quoted_or_words(("name",), "The name of a column is expected.").value

    def _value(self) -> Token:
        if self._token.keyword == "null":
            raise self._error("No value equals null; write 'is null' or 'is not null', or quote the string.")
        return self._quoted_or_words(("name", "string"), "A value is expected.")

    def _quoted_or_words(self, quoted: tuple[str, ...], reason: str) -> Token:
        """Read a quoted token, or words up to a keyword, with the spaces between them."""
        if self._token.kind in quoted:
            return self._next()
        first = last = self._token
        if first.kind != "word" or first.keyword in KEYWORDS:
            raise self._error(f"{reason} Strings that contain such characters or words must be in quotes.")
        words = 0
        while self._token.kind == "word" and self._token.keyword not in KEYWORDS:
            if (words := words + 1) > MAX_WORDS:
                raise self._error(f"More than {MAX_WORDS} words must be in quotes.")
            last = self._next()
        return Token("word", self._text[first.start : last.end], first.start, last.end)

    def _next(self) -> Token:
        token = self._token
        self._token = next(self._tokens, token)  # the "end" stays
        return token

    def _skip(self, word: str) -> bool:
        """Skip a keyword or a punctuation mark, and tell whether it was there."""
        token = self._token
        found = word in (token.keyword, token.value if token.kind == "punctuation" else None)
        if found:
            self._next()
        return found

    def _expect(self, word: str, reason: str) -> None:
        if not self._skip(word):
            raise self._error(reason)

    def _error(self, reason: str) -> Invalid:
        return marked_error(self._text, self._token.start, reason)


def _compare(name: str, op: str, *values: Token) -> Condition:
    words = tuple(one.value for one in values if one.kind == "word" and one.value[0].isalpha())
    return Condition(name, op, tuple(one.value for one in values), words)


def _join(
    kind: type[AllOf[Condition]] | type[AnyOf[Condition]], parts: list[Expression[Condition]]
) -> Expression[Condition]:
    return parts[0] if len(parts) == 1 else kind(tuple(parts))
