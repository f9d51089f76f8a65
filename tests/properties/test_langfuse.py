"""Langfuse's prompts: what a release says comes back from one whole, and what a prompt says comes back from a release."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.definitions import Message, Release, Task
from lasttenth.records.events import Registration
from lasttenth.releases.exchange.langfuse.prompts import Prompt, file_of, form_of, prompt_of, read_prompt
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version

words = st.text(st.characters(codec="utf-8", exclude_characters="{}@"), max_size=20)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
texts = st.lists(words | st.sampled_from(["{{name}}", "{{ user.name }}", "{{ x | upper }}"]), max_size=4).map(
    lambda parts: " ".join(parts).strip()
)
messages = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), text=texts), min_size=1, max_size=3
).map(tuple)
parameters = st.dictionaries(words.filter(lambda word: word != "model"), values, max_size=3)


@st.composite
def files(draw: st.DrawFn) -> TaskFile:
    name = draw(names)
    model = draw(words.filter(bool))
    release = Release(task=name, messages=draw(messages), model=model, parameters=draw(parameters))
    return TaskFile(Task(name=name), release)


def sent(prompt: Prompt) -> dict[str, Any]:
    """Return what a client reads of a prompt, and may send again."""
    return msgspec.json.decode(msgspec.json.encode(prompt), type=dict[str, Any])


def version(form: dict[str, str]) -> Version:
    """Return a version in a form."""
    registration = Registration(id="r", at=1, task="t", declaration="d", release="r", actor="a", form=form)
    return Version(number=1, registration=registration, pointers=())


@given(files())
def test_release_comes_back_whole_from_the_prompt_that_it_is(file: TaskFile) -> None:
    again = file_of(read_prompt(sent(prompt_of(file, version({}), labels=["production"]))))

    assert again == file
    assert again.release.hash == file.release.hash


@given(files(), words)
def test_prompt_comes_back_whole_from_the_release_that_it_is(file: TaskFile, placeholder: str) -> None:
    for form in ({}, {"type": "chat"}, {"placeholder": placeholder}):
        given_ = sent(prompt_of(file, version(form), labels=[]))
        read = read_prompt(given_)

        assert sent(prompt_of(file_of(read), version(form_of(read)), labels=[])) == given_
