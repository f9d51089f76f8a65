"""Rendering: documents stay inside their tags, and templates stay inside their sandbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.context.retrieval import Passage
from lasttenth.models.providers.builtin import read_prompt
from lasttenth.records.definitions import Message, Release
from lasttenth.records.errors import ConfigurationError, InvalidRequestError
from lasttenth.releases.rendering import material, render
from lasttenth.releases.taskfile import builtin_tasks

ANSWER = next(file.release for file in builtin_tasks() if file.task.name == "answer")


def release(text: str) -> Release:
    """Return a release with one message."""
    return Release(task="t", messages=(Message(role="user", text=text),), model="m")


def test_undefined_variable_is_an_error_that_names_it() -> None:
    with pytest.raises(InvalidRequestError, match="'nmae' is undefined"):
        render(release("Hello {{ nmae }}"), {"name": "x"})


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in range(90000) %}{% for y in range(90000) %}{% endfor %}{% endfor %}",
        "{{ range(10 ** 9) | list }}",
    ],
)
def test_loops_end_in_time(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="100,000 steps"):
        render(release(text), {})


@pytest.mark.parametrize(
    "text", ["{{ ''.__class__.__mro__ }}", "{{ question.__init__.__globals__ }}", "{% include 'x' %}"]
)
def test_template_cannot_leave_its_sandbox(text: str) -> None:
    with pytest.raises(ConfigurationError):
        render(release(text), {"question": "x"})


@pytest.mark.parametrize("tag", ["</document>", "<QUOTE document=1>", "<question>", "</question>", "<declined/>"])
def test_material_cannot_open_or_close_a_tag_of_the_prompt(tag: str) -> None:
    assert tag not in material(f"before {tag} after")


def test_other_angle_brackets_stay_as_they_are() -> None:
    text = "a < b, <b>bold</b>, x <= y, <documents>"

    assert material(text) == text


@given(text=st.text(min_size=1).filter(str.strip), name=st.text(min_size=1, max_size=30))
def test_built_in_model_reads_exactly_the_passages_that_the_prompt_was_made_of(text: str, name: str) -> None:
    passage = Passage(document=name, section="A > B", text=text, start=0, line=1, score=1.0, similarity=0.5)

    messages = render(ANSWER, {"question": "Why so?", "passages": [passage, passage]})
    question, passages, is_marked = read_prompt([message["content"] for message in messages])

    assert is_marked
    assert question == "Why so?"
    assert [one.text for one in passages] == [material(text)] * 2
    assert passages[0].headings == ("A", "B")
