"""The content of files, in pieces that fit into memory."""

from collections.abc import AsyncGenerator

from lasttenth.storage.file_ports import FilePart, Files

PART_BYTES = 256 * 2**10
PARTS_AT_ONCE = 64


def in_parts(content: bytes) -> list[FilePart]:
    """Return content as the parts that are stored of it."""
    starts = range(0, len(content), PART_BYTES)
    return [FilePart(number, content[start : start + PART_BYTES]) for number, start in enumerate(starts)]


async def content_of(files: Files, file: str) -> AsyncGenerator[bytes]:
    """Yield the content of a file, part by part."""
    after = -1
    while parts := await files.parts(file, after=after, limit=PARTS_AT_ONCE):
        for part in parts:
            yield part.body
        after = parts[-1].number
