"""Exchange: what goes out to another tool comes in again, and no text does anything but become a prompt or a remark."""

import contextlib
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.dotprompt.picoschema import SCALARS, json_schema
from lasttenth.releases.exchange.formats import FORMATS
from lasttenth.releases.exchange.outcomes import Defaults, Import, has_losses
from lasttenth.releases.taskfile import TaskFile, read_task, task_of

DEFAULTS = Defaults(model="scripted/echo")
in_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
names = st.from_regex(r"[a-z][a-z0-9-]{0,12}[a-z0-9]", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
variables = st.sampled_from(["customer", "order", "lines"])
plain = st.lists(
    words | st.sampled_from(["{", "}}", "{{", "\\", "\\{{", "{%", "{#", "# User", "\n", "\n  ", " ", "'", '"'])
).map(lambda parts: "".join(parts).rstrip("{"))
shown = variables.map(lambda name: f"{{{{ {name} }}}}") | st.just("{{ order.city }}") | st.just("{{ order.lamp_id }}")


def literal(text: str) -> str:
    """Return a text as the importer writes it in Jinja."""
    return re.sub(r"\{(?=[{%#]|\Z)", "{{ '{' }}", text)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return conditions and loops around templates, as the importer writes them."""
    return st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(variables, inner).map(lambda parts: f"{{% if {parts[0]} %}}{parts[1]}{{% endif %}}"),
        st.tuples(variables, inner).map(lambda parts: f"{{% if not {parts[0]} %}}{parts[1]}{{% endif %}}"),
        st.tuples(inner, inner).map(
            lambda parts: f"{{% if customer %}}{parts[0]}{{% elif order %}}{parts[1]}{{% else %}}x{{% endif %}}"
        ),
    )


templates = st.recursive(plain.map(literal) | shown, blocks, max_leaves=6)
loops = templates.map(
    lambda body: f"{{% for item in lines %}}{body}{{{{ item.name }}}}{{{{ loop.index0 }}}}{{% endfor %}}"
)
texts = st.tuples(templates | loops, st.sampled_from(["Hello", "{{ customer }}"])).map("".join).map(str.strip)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 9999),
        "stop": st.lists(words, max_size=2),
        "seed": st.integers(0, 2**40),
    },
)
types = st.sampled_from([{"type": "string"}, {"type": "array"}, {}])
inputs = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.fixed_dictionaries(
            {
                "customer": types,
                "order": st.just(
                    {"type": "object", "properties": {"city": {}, "lamp_id": {}}, "required": ["city", "lamp_id"]}
                ),
                "lines": types,
            }
        ),
        "required": st.just(["customer", "order", "lines"]),
    }
)
outputs = st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(names, types, max_size=2)})


@st.composite
def files(draw: st.DrawFn, *, whole: bool) -> TaskFile:
    """Return task files; without `whole` only what every format has a place for."""
    said = draw(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), min_size=1, max_size=3))
    models = ["openai/gpt-5-mini", "anthropic/claude-x", "ollama/llama3:8b", "scripted/echo", "up/m"]
    fields: dict[str, Any] = {
        "name": draw(names),
        "description": draw(words),
        "output_schema": draw(st.none() | outputs),
        "model": draw(st.sampled_from(models)),
        "parameters": draw(parameters),
    }
    if whole:
        fields |= {"owner": draw(words), "risk_tier": draw(words), "input_schema": draw(inputs)}
        fields["objectives"] = draw(st.sampled_from([[], [{"metric": "right", "margin": 0.1}]]))
    return task_of(fields, [{"role": role, "text": text} for role, text in said], source="drawn")


def there_and_back(file: TaskFile, name: str, folder: Path) -> Import:
    """Return what comes of a task file that goes out and comes in again."""
    exported = FORMATS[name].write([file])
    for path, text in exported.files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    assert not has_losses(exported)
    return FORMATS[name].read(folder, DEFAULTS)


@given(file=files(whole=True))
@in_folder
def test_task_comes_back_from_dotprompt_as_it_was(file: TaskFile, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = there_and_back(file, "dotprompt", tmp_path_factory.mktemp("out"))

    assert not has_losses(found), found
    assert read_task(found.prompts[0].text, source="back") == file


@given(file=files(whole=False))
@in_folder
def test_task_comes_back_from_promptfoo_as_it_was(file: TaskFile, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = there_and_back(file, "promptfoo", tmp_path_factory.mktemp("out"))

    assert not has_losses(found), found
    assert read_task(found.prompts[0].text, source="back") == file


tags = st.sampled_from(
    [
        *(
            "{{name}}",
            "{{#if a}}",
            "{{else}}",
            "{{/if}}",
            "{{#each b}}",
            "{{/each}}",
            "{{this.c}}",
            "{{~",
            "~}}",
            "{{!",
        ),
        *("{{{", "}}}", '{{role "system"}}', "{{>p}}", "{% if a %}", "{% endif %}", "{% for a in b %}", "{% endfor %}"),
        *("{{ a|dump }}", "{#"),
    ]
)
anything = st.lists(
    st.text(max_size=8) | tags | st.sampled_from(["---\n", "\n", "model: a/b\n", "prompts:\n", "- "])
).map("".join)


@given(text=anything, ending=st.sampled_from([".prompt", ".yaml", ".txt", ".json", ".csv"]))
@in_folder
def test_any_text_becomes_a_task_file_or_says_why_not(
    text: str, ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("in")
    (folder / f"p{ending}").write_bytes(text.encode("utf-8", "surrogatepass"))
    place, name = folder / f"p{ending}", "promptfoo"
    if ending == ".prompt":
        name = "dotprompt"
    elif ending != ".yaml":
        place = folder / "promptfooconfig.yaml"
        place.write_text(f"prompts: file://p{ending}")

    try:
        found = FORMATS[name].read(place, DEFAULTS)
    except ConfigurationError:
        return

    for prompt in found.prompts:
        assert not prompt.text or read_task(prompt.text, source="it").task.name == prompt.task
        assert prompt.text or prompt.remarks


pico = st.recursive(
    st.builds("{}{}".format, st.sampled_from(sorted(SCALARS)), st.sampled_from(["", ", a word"])),
    lambda inner: st.dictionaries(
        st.builds("{}{}".format, names, st.sampled_from(["", "?", "(object)", "?(object, a word)"])) | st.just("(*)"),
        st.dictionaries(st.sampled_from(["a", "b?", "c(array)", "d?(array, words)"]), inner, max_size=3) | inner,
        max_size=3,
    ),
    max_leaves=8,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.sampled_from(sorted(SCALARS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.just("a(enum)"), inner, max_size=3),
    max_leaves=6,
)


@given(pico)
def test_picoschema_becomes_a_valid_json_schema(schema: Any) -> None:
    jsonschema_rs.meta.validate(json_schema(schema))


@given(json_values)
def test_any_value_is_a_schema_or_an_error(value: Any) -> None:
    with contextlib.suppress(ConfigurationError):
        assert isinstance(json_schema(value), dict)
