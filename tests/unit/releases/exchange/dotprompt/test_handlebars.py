"""Handlebars as Dotprompt uses it: each text says in Jinja what it said there, and what it cannot say is named."""

from typing import Any

import pytest

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.dotprompt.handlebars import Node, Tag, read
from lasttenth.releases.exchange.dotprompt.to_handlebars import written
from lasttenth.releases.exchange.dotprompt.to_jinja import messages
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.rendering import compiled

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "nick": {"type": ["string", "null"]},
        "age": {"type": ["integer", "null"]},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        },
        "more": {"type": ["array", "null"]},
        "at": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
    "required": ["name", "lines"],
}
GIVEN: dict[str, Any] = {"name": "Ann", "lines": [{"a": "x"}, {"a": "y"}]}


def nothing(tag: Tag, _indent: str) -> list[Node]:
    raise ConfigurationError(f"There is no partial {tag.text}.")


def translated(text: str, remarks: Remarks | None = None) -> list[dict[str, str]]:
    return messages(read(text, partial=nothing), SCHEMA, {"greeting": '"Hello"'}, remarks or Remarks())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dear {{name}} {{{name}}} {{&name}} {{this.name}}", "Dear Ann Ann Ann Ann"),
        ("{{#if nick}}{{nick}}{{else if name}}{{name}}{{else}}nobody{{/if}}", "Ann"),
        ("{{#unless nick}}no nick{{/unless}}{{nick}}{{at.city}}", "no nick"),
        ("{{age}}{{#if age}}old{{/if}}", ""),
        (
            "{{#each lines}}\n- {{@index}} {{a}} {{../name}} {{@root.name}}\n{{/each}}\nend",
            "- 0 x Ann Ann\n- 1 y Ann Ann\nend",
        ),
        ("{{#each lines}}{{this.a}}{{#unless @last}}, {{/unless}}{{/each}}", "x, y"),
        ("{{#each lines as |line at|}}{{at}}{{line.a}}{{/each}}", "0x1y"),
        ("{{#each more}}{{this}}{{else}}none{{/each}}", "none"),
        ("{{#with at}}{{city}}{{/with}}{{#ifEquals name 'Ann'}}yes{{/ifEquals}}", "yes"),
        ("a {{~name~}} b {{! said by nobody }}{{!-- {{name}} --}}", "aAnnb"),
        ("\\{{name}} \\\\{{name}} {% x %} {# y #} {", "{{name}} \\Ann {% x %} {# y #} {"),
        ("{{greeting}}, {{name}}{{json name}}", 'Hello, Ann"Ann"'),
        ("one\n  {{! alone }}  \ntwo\n  {{#if name}}\nthree\n  {{/if}}\nfour", "one\ntwo\nthree\nfour"),
    ],
)
def test_template_says_what_it_said(text: str, said: str) -> None:
    remarks = Remarks()

    found = translated(text, remarks)

    assert "".join(compiled(message["text"]).render(GIVEN) for message in found) == said
    assert [remark for remark in remarks.all() if remark.kind == "lost"] == []


def test_roles_begin_messages_and_empty_ones_are_none() -> None:
    found = translated('first {{role "system"}} {{role "model"}}two{{history}}{{role "user"}}{{name}}')

    assert [(message["role"], message["text"]) for message in found] == [
        ("user", "first"),
        ("assistant", "two"),
        ("user", "{{ name }}"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("a\n{{media url=name}}", "lost", "line 2"),
        ('{{section "code"}}', "lost", "line 1"),
        ("{{helper name 3}}", "lost", "line 1"),
        ("{{#custom name}}x{{/custom}}", "lost", "line 1"),
        ("{{lookup (at) name}}", "lost", "line 1"),
        ("{{#each at}}{{@key}}{{/each}}", "lost", "line 1"),
        ("{{../name}}{{@index}}", "lost", "line 1"),
        ('{{#if name}}\n{{role "system"}}{{/if}}', "lost", "line 2"),
        ('{{role "tool"}}', "lost", "line 1"),
        ("{{name}}{{history}}", "differs", "line 1"),
        ("{{#if at}}x{{/if}}", "differs", "line 1"),
        ("{{lines}}", "differs", "line 1"),
        ("{{loop}}", "lost", "line 1"),
    ],
)
def test_what_cannot_be_said_is_named_by_its_line(text: str, kind: str, place: str) -> None:
    remarks = Remarks()

    translated(text, remarks)

    assert (kind, place) in {(remark.kind, remark.place) for remark in remarks.all()}


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{{#if a}}",
        "{{/if}}",
        "{{#if a}}{{/each}}",
        "{{else}}",
        "{{#if a}}{{else}}{{else}}{{/if}}",
        "{{{{raw}}}}",
        "{{#if a}}" * 40,
        "{{'",
        "{{> a}}",
    ],
)
def test_text_that_is_no_template_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read(text, partial=nothing)


def test_texts_that_look_like_tags_stay_texts_on_the_way_out() -> None:
    text = "a\\{{ '{' }}{b}} {{ '{' }}{{ name }}} \\{{ name }}\n{% if name %}\nx\n{% endif %}\n"

    found = written(text, Remarks(), place="it").text

    assert translated(found)[0]["text"] == text.strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ a | upper }}!", "!"),
        ("{% set a = 1 %}x", "x"),
        ("{% for a, b in c %}{{ a }}{% endfor %}x", "x"),
        ("{% if a > 1 %}y{% endif %}x", "x"),
        ("{% for a in b %}{{ loop.length }}{% endfor %}", "{{#each b as |a|}}{{/each}}"),
        ("{{ a | default('A') }}{{ a | default('B') }}", "{{a}}{{a}}"),
    ],
)
def test_what_handlebars_has_no_word_for_is_lost(text: str, found: str) -> None:
    remarks = Remarks()

    assert written(text, remarks, place="messages.0").text == found
    assert [(remark.kind, remark.place) for remark in remarks.all()] == [("lost", "messages.0, line 1")]
