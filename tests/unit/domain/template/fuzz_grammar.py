"""A grammar of templates for the sandbox: every filter, test, method and operator on operands as large as possible.

In a rule `$t` stands for a text, `$l` a list, `$d` a dict, `$n` a number, `$b` a flag, `$a` any of these, `$c` a count,
`$h` a text that takes long to search, `$p` the path of an attribute, `$m` a format, `$s` a letter, `$f` and `$u` a
filter's name with and without quotes, `$q` a test's name. In an operand `*` stands for a pattern and `#` for a length.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

from sesmail_layer.domain.template.sandbox import BoundedEnvironment

ENVIRONMENT = BoundedEnvironment(autoescape=True)
_FILTERS, _TESTS = sorted(ENVIRONMENT.filters), sorted(ENVIRONMENT.tests)
_RULES = {
    "t": """
        $t|capitalize  $a|e  $a|forceescape  $a|string  $t|lower  $t|upper  $t|title  $t|safe  $t|center($c)
        $m|format($a, $a)  $t|indent($c, true, true)  $t|indent($t)  $h|replace($h, $t)  $t|striptags  $t|trim
        $h|trim($h)  $t|truncate($c, $b, $t)  $t|urlencode  $d|urlencode  $t|urlize  $t|urlize($c, rel=$t)
        $t|wordwrap  $t|reverse  $t|wordwrap($c, $b, $t)  $a|pprint  $d|xmlattr  $a|tojson  $a|tojson($c)  $l|join
        $l|join($t)  $t|join($t)  $l|join($t, $p)  $n|filesizeformat  $n|money('EUR')  $n|number($c)  $t|date
        $n|time  $t|time(zone=$t)  $t.capitalize()  $t.casefold()  $t.lower()  $t.upper()  $t.swapcase()  $t.title()
        $t.center($c, $s)  $t.ljust($c)  $t.rjust($c, $s)  $t.zfill($c)  $m.format($a, $a)  $m.format($a, a=$a)
        $m.format_map($d)  $t.join($l)  $t.join($t)  $h.strip($h)  $h.lstrip($h)  $h.rstrip($h)  $t.strip()
        $h.replace($h, $t)  $t.replace($t, $t, $c)  $t.removeprefix($t)  $t.removesuffix($t)  ($t|safe).striptags()
        ($t|safe).unescape()  $t.translate($d)  $t.expandtabs($c)  $t.encode()  $t ~ $a  $t + $t  $t * $c  $m % $a
        $m % ($a, $a)  ($t|safe) % $a  $t[$c:$c]  $t[::-1]  $t[$c]  $t|default($t)  $l|first  $t|last
        ($t|safe).join($l)  ($t|safe) + $t  ($t|safe).replace($t, $t)  $t|$u($a)
    """,
    "l": """
        $l|list  $t|list  $l|sort  $t|sort  $l|sort(true, true, $p)  $l|unique|list  $t|unique|list  $l|reverse|list
        $l|batch($c, $a)|list  $t|batch($c)|list  $l|slice($c, $a)|list  $t|slice($c)|list  $l|map($p)
        $l|map(attribute=$p)|list  $l|map($f)|list  $l|map($f, $a)|list  $l|map($f, $a, $a)|list  $t|map($f)|list
        $l|select($q, $a)|list  $l|reject($q)|list  $l|selectattr($p, $q, $a)|list  $l|rejectattr($p)|list
        $l|groupby($p)|list  $t|groupby(0)|list  $d|dictsort  $d|dictsort(by='value')  $d|items|list  $d.keys()
        $d.values()  $d.items()  $t.split()  $h.split($h)  $h.rsplit($h, $c)  $t.splitlines()  $t.splitlines(true)
        $h.partition($h)  $h.rpartition($h)  ($t|safe).split()  $l + $l  $l * $c  $l[$c:$c]  [$a, $a, $a]  ($a, $a)
        range($c)  range($c, $c, $c)  $l|map('join', $t)|list  $h.split(sep=$h)  $l|$u($a)  $l|map('list')|list
        $l|map('batch', $c, $a)|map('list')|list  $l|batch(2)|map('sum', none, $l)|list
    """,
    "d": """
        dict(a=$a, b=$a)  dict($l)  dict($l|batch(2))  {'a': $a, $t: $a}  dict($d)  dict(**$d)
    """,
    "n": """
        $t|length  $l|length  $t|wordcount  $t|int  $t|int(0, 16)  $t|int(0, $c)  $t|float  $n|round($c)
        $n|round($c, 'ceil')  $a|round($c, 'floor')  $n|abs  $l|sum  $l|sum($p)  $l|sum(start=$a)  $h.count($h)
        $h.find($h)  $h.rfind($h)
        $h.index($h)  $h.rindex($h)  $t.find($t, $c, $c)  $l.count($a)  $l.index($a)  $n + $n  $n - $n  $n * $n
        $n / $n  $n // $n  $n % $n  $n ** $n  -$n  $l|max  $l|min  $t|max  $l|max(attribute=$p)  $l|random
    """,
    "b": """
        $h in $h  $a in $l  $a in $d  $h not in $h  $a == $a  $l < $l  $t >= $t  $t.startswith($t)
        $t.endswith(($t, $t))  $t.isalpha()  $t.isalnum()  $t.istitle()  $t.isupper()  $t.islower()  $t.isdecimal()
        $t.isdigit()  $t.isnumeric()  $t.isspace()  $t.isascii()  $t.isprintable()  $t.isidentifier()  $a is string
        $a is lower  $a is upper  $n is odd  $m is odd  $a is even  $m is divisibleby($a)  $a is divisibleby($c)
        $n is even  $n is divisibleby($n)  $a is in($l)  $h is in($h)
        $a is iterable  $a is sequence  $a is sameas($a)  $a is defined  $t is filter  $a is eq($a)  $a is lt($a)
        $a is escaped  $a and $a  $a or $a  not $a  $t is gt($t)  $a is callable  $a is mapping
    """,
}
_OPERANDS = {
    "t": """
        ('*' * #)  ('*' * # ~ '*')  ('*' ~ '*' * #)  '*'  ('*' * # ~ '*' * #)  words  emoji  digits  words  emoji
        (nothing|default('*'))
    """,
    "h": "('a' * #)  ('a' * # ~ 'b')  ('b' ~ 'a' * #)  ('a' * # ~ 'b' ~ 'a' * #)  ('ba' * #)  words  ('é' * # ~ '😀')",
    "l": """
        (['*' * #] * #)  ('*' * #)  articles  rows  tree.items  tree.c  range(99999)  [1.5, none, 2**4000]
        ([2**4000] * #)  ([[1]] * #)
    """,
    "d": "tree  tree.a  articles[0]  {'a': '*' * #}  {'*': '*' * #, 'b': articles}  {}",
    "n": "0  1  -1  7  16  1000  2**4000  1.5  1e300  digits  '*'",
    "c": "0  1  -1  2  3  16  1000  99999  100001  10**9  2**61 - 1  1.5  none",
    "s": "'*'  'x'",
    "m": """
        ('%s' * #)  ('%r, ' * #)  ('{}' * #)  ('{0!r}' * #)  '%9999s%.9999f'  '{:9999}'  '{a.b}'  '%(a)s'
        ('*' * # ~ '%s')  '%*d'
    """,
    "p": "'name'  'size'  0  'name.x'  'name,size'  'items'  '__class__'  ('a.' * #)  (',' * #)",
    "f": "  ".join(map(repr, _FILTERS)),
    "u": "  ".join(_FILTERS),
    "q": "  ".join(map(repr, _TESTS)),
}
_TEMPLATES = """
{{ $a }}
{{ $t }}
{{ $l }}
{{ $b }}
{{ $n }}
{{ ($a)|length }}
{{ ($t)|length }}
{% set x = $a %}{% set y = $a %}{{ x == y }}{{ [x, y, x]|length }}
{% for x in $l %}{{ x }}{{ loop.revindex }}{% endfor %}
{% for x in $l %}{% for y in $t %}{{ loop.last }}{{ y }}{% endfor %}{% endfor %}
{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x, $a] %}{% endfor %}
{% set n = namespace(x=$a) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}
{% set n = namespace(x=$t) %}{% for i in range(60) %}{% set n.x = n.x ~ $t %}{% endfor %}
{% set x %}{% for i in range(99999) %}{{ $a }}{% endfor %}{% endset %}{{ x|length }}
{% macro m(x) %}{{ x }}{{ varargs|length }}{% endmacro %}{{ m($a, *$l) }}
{% macro m(x) %}{{ m([x, x]) }}{% endmacro %}{{ m($a) }}
{% filter upper %}{{ $a }}{% endfilter %}{% if $b %}{{ $t }}{% endif %}
{% for x in $l recursive %}{{ loop($l) }}{{ loop.cycle($a, x) }}{{ loop.changed($a) }}{% endfor %}
"""
# Words, markup, escapes, links, brackets, white space, and letters of every width.
_PATTERNS = [
    "a", "ab ", "a b", "\\n", "ab\\n", "<", "<a>", "<!--", "&", "&amp;", "&#1", '"', "\\x00", "%", "%s", "%(", "{}",
    "{0}", "😀", "😀 ", "ß", "ŉ", "é", "\\u3000", "\\U000e0001", "-", "a-", ".", "a.", ")", "(", "a@", "a@b.co ",
    "www.a ", "1", ",", "http://a.b/", "f", " ",
]  # fmt: skip
_LENGTHS = ["2", "10", "1000", "10000", "30000", "90000", "200000", "500000", "1000000", "3800000"]
DATA: dict[str, Any] = {
    "words": 'The quick brown fox, 10 < 20 & "so on". ' * 2_500,
    "emoji": "😀 grinning " * 5_000,
    "digits": "9" * 50_000,
    "articles": [{"name": f"Article {number}", "size": number} for number in range(2_000)],
    "rows": [[number] * 10 for number in range(1_000)],
    "tree": {"a": {"b": {"c": ["d"] * 1_000}}, "items": ["x", "y"], "c": [1, [2, [3]]]},
}


def random_template(seed: int) -> str:
    """Return a template; a seed gives the same one each time."""
    random = Random(seed)
    template = random.choice(_TEMPLATES.strip().split("\n"))
    return _filled(template, random, random.choice([1, 1, 2, 2, 3]))


def _filled(rule: str, random: Random, depth: int) -> str:
    return re.sub(r"\$([a-z])", lambda kind: _expression(kind[1], random, depth), rule)


def _expression(kind: str, random: Random, depth: int) -> str:
    if kind == "a":
        kind = random.choice("ttlldn")
    if kind in _RULES and (depth > 0 or kind == "b"):
        return f"({_filled(_one(_RULES[kind], random), random, depth - 1)})"
    operand = re.sub(r"'\*'", lambda _: f"'{random.choice(_PATTERNS)}'", _one(_OPERANDS[kind], random))
    return re.sub("#", lambda _: random.choice(_LENGTHS), operand)


def _one(rules: str, random: Random) -> str:
    return random.choice(re.split(r"\s{2,}", rules.strip()))
