"""What is found in task files before anybody calls them."""

import pytest

from lasttenth.releases.checking import Finding, findings
from lasttenth.releases.taskfile import TaskFile, builtin_tasks, read_task


def file(user: str, *, system: str = "Be kind.", front: str = "") -> TaskFile:
    text = f"---\nname: t\nmodel: up/m\n{front}---\n# System\n{system}\n# User\n{user}\n"
    return read_task(text, source="t.md")


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.severity, each.part) for each in found]


def test_file_that_still_includes_others_is_an_error() -> None:
    assert told(findings(file('{% include "x.txt" %}'))) == [("error", "messages.1.text")]


def test_good_file_has_no_findings() -> None:
    assert findings(file("Hello {{ question }}.")) == []
    assert [findings(each) for each in builtin_tasks()] == [[]]


def test_template_that_cannot_be_read_is_an_error() -> None:
    assert told(findings(file("{% if x %}"))) == [("error", "messages")]


SCHEMA = "input_schema: {type: object, properties: {name: {type: string}, age: {type: integer}}, required: [name]}\n"


def test_variables_are_compared_with_the_schema() -> None:
    found = findings(file("{{ name }} is {{ agee }}, says {{ question }}", front=SCHEMA))

    assert [each.message for each in found] == [
        "The prompt uses agee, which input_schema does not declare.",
        "The prompt does not use age.",
    ]


def test_variable_that_may_be_missing_is_told() -> None:
    found = findings(file("{{ name }} is {{ age }}", front=SCHEMA))

    assert [each.message for each in found] == ["age is not required: a call without it may fail."]


@pytest.mark.parametrize("schema", ["{type: string}", "{properties: 5}", "{required: true}", "{required: [[a]]}"])
@pytest.mark.parametrize("name", ["input_schema", "output_schema"])
def test_schema_of_no_object_is_an_error(name: str, schema: str) -> None:
    assert told(findings(file("x", front=f"{name}: {schema}\n"))) == [("error", name)]


def test_example_that_lacks_a_variable_is_an_error() -> None:
    found = findings(file("{{ name }}", front="examples: [{input: {nmae: Ann}, output: Hello Ann}]\n"))

    assert told(found) == [("error", "examples")]
    assert "'name' is undefined" in found[0].message


@pytest.mark.parametrize(
    "secret",
    [
        "sk-" + "a1" * 20,
        "AKIA" + "A1" * 8,
        "ghp_" + "a1" * 18,
        "xoxb-" + "1" * 12,
        "AIza" + "b" * 35,
        "-----BEGIN RSA PRIVATE KEY-----",
        "lt-" + "a" * 16 + "-" + "b" * 52,
    ],
)
def test_secret_is_an_error_that_does_not_repeat_it(secret: str) -> None:
    found = findings(file(f"Use {secret} for it."))

    assert told(found) == [("error", "messages.1.text")]
    assert secret not in found[0].message


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("You serve {{ company }}.", ["company"]),
        ("{% for each in items %}{{ each.name }}{% endfor %}", ["each"]),
        ("You serve {{ company | material }}.", []),
        ("{% if strict %}Be strict.{% endif %}", []),
        ("{{ (company ~ name) | upper }}", ["company", "name"]),
    ],
)
def test_texts_of_others_in_the_instructions_are_told(system: str, names: list[str]) -> None:
    found = findings(file("{{ question }}", system=system))

    assert [each.message.split()[0] for each in found] == names
    assert {each.severity for each in found} <= {"warning"}
