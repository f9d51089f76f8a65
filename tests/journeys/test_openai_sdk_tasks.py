"""The official OpenAI client, unchanged, calling tasks as models: answers with verified quotes, on streams as well."""

import openai
import pytest
from openai import OpenAI
from tests.journeys.conversations import POLICY, REFUNDS, annotations_of, asked, text_of

from lasttenth.testing import Upstream, failure, streamed


def test_task_answers_with_verified_quotes(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="task/answer", messages=asked(REFUNDS))
    message = raw.parse().choices[0].message

    citation = annotations_of(message)[0]
    assert "30 days" in (message.content or "")
    assert citation["type"] == "url_citation"
    assert citation["url_citation"] == {
        "url": "policy.md",
        "title": "policy.md",
        "start_index": citation["at"],
        "end_index": citation["at"],
    }
    assert POLICY[citation["start"] : citation["end"]] == citation["quote"]
    assert (citation["document"], citation["line"]) == ("policy.md", 3)
    assert raw.headers["x-lasttenth-answered"] == "true"
    assert float(raw.headers["x-lasttenth-groundedness"]) == 1.0


def test_task_declines_what_the_documents_do_not_say(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="task/answer", messages=asked("Who painted the ceiling of the Sistine Chapel?")
    )

    assert raw.headers["x-lasttenth-answered"] == "false"
    assert raw.parse().choices[0].message.content == "The documents do not answer this question."
    assert annotations_of(raw.parse().choices[0].message) == []


def test_quote_that_is_not_in_the_documents_is_never_shown(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="task/answer",
        messages=asked(REFUNDS),
        extra_headers={"x-lasttenth-model": "scripted/model-of-quotes"},
    )
    message = raw.parse().choices[0].message

    assert [each["quote"] for each in annotations_of(message)] == ["return any lamp within 30 days of delivery"]
    assert "<quote" not in (message.content or "")
    assert float(raw.headers["x-lasttenth-groundedness"]) == 0.5


def test_sentence_of_a_stream_is_held_until_its_quote_is_verified(client: OpenAI, upstream: Upstream) -> None:
    gate = upstream.gate()
    sentence, quote = "Lamps go back within 30 days.", '<quote document="1">within 30 days of delivery</quote>'
    upstream.script("citing", streamed("It is simple. ", sentence, " ", quote[:20], gate, quote[20:], "\nIt is so."))

    chunks = client.chat.completions.create(
        model="task/answer", messages=asked(REFUNDS), stream=True, extra_headers={"x-lasttenth-model": "up/citing"}
    )
    before = next(chunk for chunk in chunks if chunk.choices[0].delta.content)
    gate.open()
    heard = list(chunks)

    deltas = [chunk.choices[0].delta for chunk in heard]
    assert before.choices[0].delta.content == "It is simple. "
    cited = next(number for number, delta in enumerate(deltas) if annotations_of(delta))
    spoken = next(number for number, delta in enumerate(deltas) if sentence in (delta.content or ""))
    assert annotations_of(deltas[cited])[0]["quote"] == "within 30 days of delivery"
    assert cited < spoken
    assert "<quote" not in text_of(heard)


def test_stream_of_a_task_whose_model_fails_at_once_has_a_status_of_its_own(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("failing", failure(500, "No."))

    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(
            model="task/answer", messages=asked(REFUNDS), stream=True, extra_headers={"x-lasttenth-model": "up/failing"}
        )

    assert (caught.value.status_code, caught.value.code) == (502, "upstream_error")
