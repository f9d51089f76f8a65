"""The socket between a worker and the writer: for its owner alone, one writer to a folder, and no silence on either end."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conftest import open_sqlite

from lasttenth.records.definitions import Task
from lasttenth.records.errors import (
    ConflictError,
    IndexNotFoundError,
    LasttenthError,
    PayloadTooLargeError,
    StorageError,
    UpstreamTimeoutError,
)
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import Writer, WriterClient, frames
from lasttenth.storage.remote.writer import SOCKET

T = TypeVar("T")


def written(folder: Path, work: Callable[[Store, Writer], Awaitable[T]]) -> T:
    """Run work beside a writer of a fresh store."""

    async def opened() -> T:
        async with writing(folder) as (store, writer):
            return await work(store, writer)

    return asyncio.run(opened())


@asynccontextmanager
async def calling(path: Path, *, longest: int = frames.MAX_FRAME) -> AsyncIterator[WriterClient]:
    """Open a worker's end of a socket."""
    client = WriterClient(path, longest=longest)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def writing(folder: Path) -> AsyncIterator[tuple[Store, Writer]]:
    """Open a store and its writer."""
    store = await open_sqlite(folder)
    writer = await Writer.open(store, folder)
    try:
        yield store, writer
    finally:
        await writer.close()
        await store.close()


def test_socket_is_for_its_owner_alone_and_leaves_with_the_writer(tmp_path: Path) -> None:
    async def work(_store: Store, writer: Writer) -> int:
        return writer.path.stat().st_mode

    mode = written(tmp_path, work)

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert not (tmp_path / SOCKET).exists()


def test_folder_whose_path_is_too_long_for_a_socket_has_it_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()

    async def work(_store: Store, writer: Writer) -> Path:
        async with calling(writer.path) as client:
            await client.call("project", "", "one")
        assert stat.S_IMODE(writer.path.parent.stat().st_mode) == 0o700
        return writer.path

    path = written(folder, work)

    assert len(os.fsencode(path)) < 100
    assert not path.parent.exists()


def test_second_writer_of_a_folder_is_refused(tmp_path: Path) -> None:
    async def work(store: Store, _writer: Writer) -> None:
        await Writer.open(store, tmp_path)

    with pytest.raises(ConflictError, match="Other workers run in"):
        written(tmp_path, work)


def test_socket_that_a_killed_writer_left_behind_is_replaced(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from lasttenth.storage.remote.writer import _Address; "
        "_Address(Path(sys.argv[1])).listen(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / SOCKET).exists()

    async def work(_store: Store, writer: Writer) -> str:
        async with calling(writer.path) as client:
            return str(await client.call("definitions.put", "one", Task(name="t")))

    assert written(tmp_path, work) == Task(name="t").hash


def test_many_calls_are_under_way_on_one_connection(tmp_path: Path) -> None:
    async def work(store: Store, writer: Writer) -> tuple[list[str], int]:
        tasks = [Task(name=f"t{number}") for number in range(500)]
        async with calling(writer.path) as client:
            answers = [asyncio.ensure_future(client.call("definitions.put", "one", task)) for task in tasks]
            await asyncio.sleep(0)
            waiting = client.health().waiting
            names = await asyncio.gather(*answers)
        stored = await (await store.project("one")).definitions.latest(Task, limit=1000)
        assert len(stored) == len(tasks)
        assert names == [task.hash for task in tasks]
        return names, waiting

    names, waiting = written(tmp_path, work)

    assert len(names) == waiting == 500


def test_error_is_the_same_error_on_both_sides(tmp_path: Path) -> None:
    async def work(store: Store, writer: Writer) -> tuple[LasttenthError, LasttenthError]:
        with pytest.raises(IndexNotFoundError) as here:
            await (await store.project("one")).indexes.drop("none")
        async with calling(writer.path) as client:
            with pytest.raises(IndexNotFoundError) as there:
                await client.call("indexes.drop", "one", "none")
        return here.value, there.value

    here, there = written(tmp_path, work)

    assert str(here) == str(there)
    assert vars(here) == vars(there)


def test_every_error_can_travel() -> None:
    error = UpstreamTimeoutError("Too late.", hint="Wait.", upstream_status=504)

    with pytest.raises(UpstreamTimeoutError) as caught:
        frames.raise_failure(frames.failure(error))

    assert (str(caught.value), caught.value.hint, caught.value.upstream_status) == ("Too late. Wait.", "Wait.", 504)


def test_failure_that_nobody_foresaw_is_told_and_stops_nothing(tmp_path: Path) -> None:
    async def work(_store: Store, writer: Writer) -> str:
        too_large = Span(trace_id="1" * 32, span_id="a" * 16, name="n", operation="chat", start=2**63, end=0)
        async with calling(writer.path) as client:
            with pytest.raises(LasttenthError, match=r"traces\.append failed: OverflowError") as caught:
                await client.call("traces.append", "one", [too_large])
            assert not isinstance(caught.value, StorageError)
            return str(await client.call("definitions.put", "one", Task(name="t")))

    assert written(tmp_path, work) == Task(name="t").hash


def test_call_to_a_writer_that_is_away_fails_and_the_next_one_finds_it_again(tmp_path: Path) -> None:
    async def work() -> str:
        async with calling(tmp_path / SOCKET) as client:
            for _ in range(2):
                async with writing(tmp_path):
                    await client.call("project", "", "one")
                with pytest.raises(StorageError, match="is away") as caught:
                    await client.call("project", "", "two")
                assert caught.value.retry_after is not None
            async with writing(tmp_path):
                return str(await client.call("definitions.put", "one", Task(name="t")))

    assert asyncio.run(work()) == Task(name="t").hash


def test_calls_under_way_hear_of_the_end_of_a_writer_that_never_answers(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.close()

    async def work() -> None:
        server = await asyncio.start_unix_server(hang_up, tmp_path / SOCKET)
        async with server, calling(tmp_path / SOCKET) as client:
            await asyncio.wait_for(client.call("project", "", "one"), 30)

    with pytest.raises(StorageError, match="is away"):
        asyncio.run(work())


def test_answer_that_is_rubbish_ends_the_call_and_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    async def work() -> None:
        server = await asyncio.start_unix_server(talk_nonsense, tmp_path / SOCKET)
        async with server, calling(tmp_path / SOCKET) as client:
            await asyncio.wait_for(client.call("project", "", "one"), 30)
        await server.wait_closed()

    with pytest.raises(StorageError, match="is away"):
        asyncio.run(work())
    assert "is no writer" in caplog.text


RUBBISH = {
    "a length beyond all bounds": b"\xff\xff\xff\xff" + b"x" * 100,
    "no MessagePack": (5).to_bytes(4) + b"\xc1rest",
    "another message": (1).to_bytes(4) + b"\x90",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n" + b" " * 10,
}


@pytest.mark.parametrize("sent", RUBBISH.values(), ids=RUBBISH.keys())
def test_peer_that_sends_rubbish_is_cut_off_and_others_are_served(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(_store: Store, writer: Writer) -> bytes:
        reader, stream = await asyncio.open_unix_connection(writer.path)
        stream.write(sent)
        rest = await asyncio.wait_for(reader.read(), 30)
        stream.close()
        async with calling(writer.path) as client:
            await client.call("project", "", "one")
        return rest

    assert written(tmp_path, work) == b""
    assert "was cut off" in caplog.text


@pytest.mark.parametrize("method", ["indexes.get", "close", "nothing"])
def test_what_is_not_in_the_table_is_not_called(tmp_path: Path, method: str) -> None:
    async def work(_store: Store, writer: Writer) -> frames.Reply | None:
        reader, stream = await asyncio.open_unix_connection(writer.path)
        stream.write(frames.frame(frames.Request(1, method, "one", frames.NOTHING)))
        reply = await frames.read_reply(reader)
        stream.close()
        return reply

    reply = written(tmp_path, work)

    assert reply is not None
    assert reply.failure is not None
    assert "writes" in reply.failure.said


def test_peer_that_goes_away_in_the_middle_of_a_call_disturbs_nobody(tmp_path: Path) -> None:
    async def work(store: Store, writer: Writer) -> int:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(writer.path))
            packed = frames.frame(frames.Request(1, "project", "", frames.packed(["two"])))
            peer.sendall(packed + packed[: len(packed) // 2])
        async with calling(writer.path) as client:
            await client.call("project", "", "one")
        return len(await store.projects())

    assert written(tmp_path, work) >= 1


def test_what_is_too_large_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async def work(_store: Store, writer: Writer) -> None:
        async with calling(writer.path, longest=1000) as client:
            await client.call("payloads.put", "one", Payload(media_type="a/b", body=b"x" * 1000))

    with pytest.raises(PayloadTooLargeError, match="1,000 can be written at once"):
        written(tmp_path, work)
