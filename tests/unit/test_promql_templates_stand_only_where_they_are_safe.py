import pytest

from remediator.core.action import Lands
from remediator.core.templates import compile_template
from remediator.errors import TemplateError

V = "{{ labels.v }}"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (f"x{{a=`{V}`}}", "backticks"),
        (f"x # {V}\n", "comment"),
        (f"x{{a={V}}}", "double quotes"),
        (f'x{{ {V}="a"}}', "double quotes"),
        (f"metric_{V}", "part of a name"),
        (f"{V}_total", "part of a name"),
        (f"job:{V}", "part of a name"),
        (f"x[5{V}]", "part of a name"),
        (f"x > 0.{V}", "part of a name"),
        (f"x > {V}{V}", "part of a name"),
        (f"x > {V}e5", "part of a name"),
        (f"x[{V}m5]", "part of a name"),
        (f'x > "a"{V}', "part of a name"),
        (f'x{{a="\\{V}"}}', "escapes"),
        (f'x{{a="\\x4{V}"}}', "escapes"),
        (f"x{{a='\\\"{V}'}}", "escapes"),
        (f'x{{a="\\d{V}"}}', "escapes"),
        (f'x{{a="line\n{V}"}}', "line's end"),
        (f'x{{a="{V}}}', "never closed"),
        (f'sum(x{{a="{V}"}}', "never closed"),
        (f'x{{a="{V}")', "closes nothing"),
        (f'x{{a=~"[{V}]"}}', r"\[ \]"),
        (f'x{{a=~"[]{V}]"}}', r"\[ \]"),
        (f'x{{a=~"[[:alpha:]{V}]"}}', r"\[ \]"),
        (f'x{{a!~"a{{{V}"}}', "three braces"),
        (f'x{{a=~"a{{2,{V}"}}', r"\{ \}"),
        (f'x{{a=~"\\\\{V}"}}', "backslash"),
        (f'x{{a=~"\\\\p{{Gr{V}}}"}}', "escape"),
        (f'x{{a=~"\\\\x{V}"}}', "backslash"),
        (f'x{{a=~"\\\\0{V}"}}', "escape"),
        (f'x{{a=~"\\\\Qa{V}"}}', r"\\Q and \\E"),
        (f'x{{a=~"(?{V}"}}', r"\(\?"),
        (f'x{{a=~"(?P<{V}>a)"}}', r"\(\?"),
        (f'x{{a=~"{V}*"}}', "repetition"),
        (f'x{{a=~"{V}{{2}}"}}', "repetition"),
        (f'label_replace(x, "a", "b", "c", "[{V}]")', r"\[ \]"),
        ('x{a="never closed}', "never closed"),
    ],
)
def test_refused_at_load(source, told):
    with pytest.raises(TemplateError, match=told):
        compile_template(source, Lands.PROMQL)


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        (f'x{{a=~"\\\\\\\\{V}"}}', 'x{a=~"\\\\\\\\a\\\\.b"}'),
        (f'x{{a=~"\\\\Q[\\\\E{V}"}}', 'x{a=~"\\\\Q[\\\\Ea\\\\.b"}'),
        (f'x{{a=~"[a-z]{{2}}(?i){V}|{V}"}}', 'x{a=~"[a-z]{2}(?i)a\\\\.b|a\\\\.b"}'),
        (f'x{{a=~"({V})+\\\\d"}}', 'x{a=~"(a\\\\.b)+\\\\d"}'),
        (f'x{{a="{V}"}} # done', 'x{a="a.b"} # done'),
        (f'x{{a=`it\'s "raw"`,b="{V}"}}', 'x{a=`it\'s "raw"`,b="a.b"}'),
        (f'{{"{V}"="x","a" =~"y"}}', '{"a.b"="x","a" =~"y"}'),
        (f'# "quoted\nx{{a="{V}"}}', '# "quoted\nx{a="a.b"}'),
    ],
)
def test_allowed(source, rendered):
    assert compile_template(source, Lands.PROMQL).render({"labels": {"v": "a.b"}}) == rendered


def test_the_offset_shows_where():
    with pytest.raises(TemplateError) as caught:
        compile_template('x{a="b"} + on() y{c=`{{ labels.v }}`}', Lands.PROMQL)
    assert caught.value.offset == 21
