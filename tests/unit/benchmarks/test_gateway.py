"""The gateway benchmarks count what they say they count."""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from benchmarks.gateway import bodies, watch
from benchmarks.gateway.load import Load, send
from benchmarks.gateway.mixing import Answer, Kind, is_as_expected
from benchmarks.gateway.pacing import PacedUpstream, serve
from benchmarks.gateway.processes import Tree, until
from benchmarks.gateway.rounds import Collected, cell
from benchmarks.gateway.soak import Sample, Soaked
from benchmarks.gateway.stages import Counted, stage_of
from benchmarks.gateway.streaming import Streams, play, request
from benchmarks.gateway.upstream import static_upstream

_BLOCK = 32 * 1024
_BURNING = "import time\nwhile time.process_time() < 0.3: pass\n"
_PARENT = (
    f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {_BURNING!r}])\nprint('done', flush=True)\ninput()"
)
_HAS_TOOLS = shutil.which("nginx") is not None and shutil.which("wrk") is not None


def test_cpu_of_a_tree_counts_children_that_have_ended(tmp_path: Path) -> None:
    script = _PARENT.replace("input()", "import signal; signal.pause()")

    with Tree([sys.executable, "-c", script], cores="", folder=tmp_path) as tree:
        until(lambda: "done" in tree.log.read_text(encoding="utf-8"), "the child ends")
        spent, memory = tree.cpu(), tree.memory()

    assert 0.28 <= spent < 3
    assert memory.rss > memory.pss > 1
    assert not tree.is_alive()


@pytest.mark.parametrize("size", [20_000, 400_000])
def test_new_bodies_of_a_size_share_neither_beginning_nor_block(size: int) -> None:
    body = bodies.fresh("up/mock", size)

    texts = [body.text(number, bodies.corpus()) for number in range(1, 9)]

    assert {len(text) for text in texts} == {size} == {body.size}
    assert all(json.loads(text)["messages"][-1]["role"] == "user" for text in texts)
    blocks = [text[start : start + _BLOCK] for text in texts for start in range(0, size, _BLOCK)]
    assert len(set(blocks)) == len(blocks)


def test_conversation_repeats_all_but_its_last_message() -> None:
    body = bodies.conversation("up/mock", 400_000)

    first, second = (json.loads(body.text(number, bodies.corpus()))["messages"] for number in (1, 2))

    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]
    assert abs(body.size - 400_000) < 4_000


def test_paced_streams_arrive_whole_and_in_their_own_time() -> None:
    async def work(upstream: PacedUpstream) -> None:
        body = bodies.plain("paced-5-10", stream=True)
        streams = Streams(upstream.port, {}, body, at_once=4, each=2, chunks=5, pause=0.01)

        played = await play(streams)

        counts = await asyncio.to_thread(upstream.counts)
        assert (counts.requests, counts.chunks, counts.left) == (8, 40, 0)
        assert (len(played.first), len(played.lags)) == (8, 40)
        assert 0 < played.first_p50() < 1_000

    asyncio.run(_beside_the_upstream(work))


def test_stream_that_is_cut_is_no_whole_stream() -> None:
    async def work(upstream: PacedUpstream) -> None:
        body = bodies.plain("cut-2-1", stream=True)

        with pytest.raises(ExceptionGroup):
            await play(Streams(upstream.port, {}, body, at_once=1, each=1, chunks=2, pause=0.001))

    asyncio.run(_beside_the_upstream(work))


def test_upstream_reports_usage_where_it_is_asked_for() -> None:
    async def work(upstream: PacedUpstream) -> None:
        plain = bodies.plain("paced-1-1", stream=True)
        asking = plain._replace(suffix=plain.suffix[:-1] + ',"stream_options":{"include_usage":true}}')

        without, with_usage = [await _said(upstream.port, each) for each in (plain, asking)]

        assert b'"usage"' not in without
        assert with_usage.index(b'"finish_reason":"stop"') < with_usage.index(b'"usage"') < with_usage.index(b"[DONE]")

    asyncio.run(_beside_the_upstream(work))


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("plain", Answer(200, b'{"choices":[]}', is_whole=True)),
        ("stream", Answer(200, b"data: [DONE]\n\n", is_whole=True)),
        ("failing", Answer(502, b'{"error":{}}', is_whole=True)),
        ("cut", Answer(200, b'data: {"error":{}}\n\n', is_whole=True)),
        ("leaving", Answer(200, b"data: @1;", is_whole=False)),
    ],
)
def test_answer_is_what_its_kind_must_be_and_of_no_other_kind_an_empty_one(kind: Kind, answer: Answer) -> None:
    assert is_as_expected(kind, answer)
    assert not is_as_expected(kind, Answer(0, b"", is_whole=True))


def test_stage_that_grew_by_a_fifth_is_named_and_one_that_grew_by_a_hair_is_not() -> None:
    before = {"request": {"door": [1.0] * 5, "recording": [0.1] * 5, "all stages": [10.0] * 5}}
    now = {"request": {"door": [1.1, 1.7, 1.7, 9.0, 9.0], "recording": [0.5] * 5, "all stages": [11.0] * 5}}

    grown = watch.grown(before, now)

    assert grown == ["door, a request of 0.7 KB: 1.000 times nginx's request then, 1.700 now."]
    assert not watch.grown(before, before)
    assert not watch.grown(before, {"request": {"door": [0.9, 0.9, 1.7, 9.0, 9.0]}})


def test_modules_belong_to_stages_and_what_no_sample_saw_to_storage() -> None:
    before = Counted({"lasttenth.serve.relay": 1.0}, process=2.0)
    after = Counted({"lasttenth.serve.relay": 1.5, "aiohttp.client": 0.25}, process=3.0)

    spent = after.since(before, requests=1_000)

    assert spent == {"lasttenth.serve.relay": 500.0, "aiohttp.client": 250.0, "other threads": 250.0}
    assert [stage_of(module) for module in spent] == ["pipeline", "HTTP client", "storage"]
    assert stage_of("") == "HTTP server"


def test_soak_fails_where_memory_grows_or_a_span_is_missing() -> None:
    flat = [Sample(float(number), 0.8, 100.0, 100.0, 90.0, 30) for number in range(40)]
    growing = [sample._replace(rss=100.0 + sample.seconds) for sample in flat]

    good = Soaked(flat, {"plain": 10}, held_back=0, missing=0, left=0)

    assert good.failures() == []
    assert len(good._replace(samples=growing).failures()) == 1
    assert len(good._replace(missing=1, ended={"unexpected": 2}).failures()) == 2


def test_ratios_compare_the_same_round() -> None:
    collected = Collected()
    for mine, its in ((10.0, 1.0), (40.0, 2.0), (30.0, 3.0)):
        collected.add("ours", {"cpu": mine})
        collected.add("nginx", {"cpu": its})

    assert collected.ratios("ours", "nginx", "cpu") == [10.0, 20.0, 10.0]
    assert cell(collected.values("ours", "cpu")) == "30 (10 to 40)"


@pytest.mark.skipif(not _HAS_TOOLS, reason="nginx and wrk are not installed")
def test_load_tool_and_upstream_count_the_same_and_no_body_comes_twice(tmp_path: Path) -> None:
    with static_upstream(tmp_path / "upstream", cores="") as upstream:
        load = Load(port=upstream.port, headers={}, body=bodies.plain("mock"), requests=1_234, connections=16)

        answered = send(load, tmp_path / "load", cores="")

        assert (answered.requests, answered.failed) == (1_234, 0)
        assert upstream.hits() == 1_234


async def _beside_the_upstream(work: Callable[[PacedUpstream], Awaitable[None]]) -> None:
    async with await serve(0) as server:
        await work(PacedUpstream(server.sockets[0].getsockname()[1]))


async def _said(port: int, body: bodies.Body) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(Streams(port, {}, body, at_once=1, each=1, chunks=1, pause=0.001), 0))
    said = await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.close()
    return said
