"""The output of a response as it grows: its items, and what a stream says of each of them."""

from collections.abc import Iterator
from typing import Any, Protocol

from lasttenth.models.translation.neutral import FOREIGN, Citation, Part, Refusal, Text, Thinking, ToolUse, Tree
from lasttenth.models.translation.responses.seals import sealed


class Growing(Protocol):
    """A part of the output that is not whole yet."""

    def opened(self) -> Iterator[Tree]:
        """Yield what says that it begins."""
        ...

    def grown(self, part: Part) -> Iterator[Tree]:
        """Add a piece, and yield what says so."""
        ...

    def closed(self) -> Iterator[Tree]:
        """Yield what says that it is whole."""
        ...


class Item:
    """An item of the output; `place` is where it stands among the others."""

    def __init__(self, body: Tree, place: int) -> None:
        self.body = body
        self.place = place

    def event(self, kind: str, **fields: Any) -> Tree:
        """Return an event about something in it."""
        return {"type": f"response.{kind}", "item_id": self.body["id"], "output_index": self.place, **fields}

    def added(self) -> Tree:
        """Return the event that says that it begins."""
        return {"type": "response.output_item.added", "output_index": self.place, "item": self.body}

    def done(self) -> Tree:
        """Return the event that says that it is whole."""
        return {"type": "response.output_item.done", "output_index": self.place, "item": self.body}


class Words:
    """A part of a message: a text, or a refusal."""

    def __init__(self, message: Item, part: Text | Refusal) -> None:
        self._message = message
        self._pieces: list[str] = []
        self._length = 0
        self._place = {"content_index": len(message.body["content"])}
        self._name, self._kind = ("text", "output_text") if isinstance(part, Text) else ("refusal", "refusal")
        self._annotations: list[Tree] = []
        self._body: Tree = {"type": self._kind, self._name: ""}
        if isinstance(part, Text):
            self._body |= {"annotations": self._annotations, "logprobs": []}
        message.body["content"].append(self._body)

    def opened(self) -> Iterator[Tree]:
        """Yield what says that it begins."""
        yield self._message.event("content_part.added", **self._place, part=self._body)

    def grown(self, part: Part) -> Iterator[Tree]:
        """Add a piece, and yield what says so."""
        if not isinstance(part, Text | Refusal):
            return
        if part.text:
            self._pieces.append(part.text)
            self._length += len(part.text)
            yield self._message.event(f"{self._kind}.delta", **self._place, delta=part.text, **self._draws)
        for citation in part.citations if isinstance(part, Text) else ():
            annotation = annotation_of(citation, self._length)
            number = len(self._annotations)
            self._annotations.append(annotation)
            yield self._message.event(
                "output_text.annotation.added", **self._place, annotation_index=number, annotation=annotation
            )

    def closed(self) -> Iterator[Tree]:
        """Yield what says that it is whole."""
        text = self._body[self._name] = "".join(self._pieces)
        yield self._message.event(f"{self._kind}.done", **self._place, **{self._name: text}, **self._draws)
        yield self._message.event("content_part.done", **self._place, part=self._body)

    @property
    def _draws(self) -> Tree:
        return {"logprobs": []} if self._kind == "output_text" else {}


class Thought:
    """An item of what was thought. What its provider knows it by is sealed into it."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self._pieces: list[str] = []
        self._proof = Thinking()

    def opened(self) -> Iterator[Tree]:
        """Yield what says that it begins."""
        yield self._item.added()

    def grown(self, part: Part) -> Iterator[Tree]:
        """Add a piece, and yield what says so."""
        if not isinstance(part, Thinking):
            return
        self._proof = Thinking(
            signature=self._proof.signature + part.signature, hidden=self._proof.hidden + part.hidden
        )
        if part.text and not self._pieces:
            yield self._said("part.added", part=summary_of(""))
        if part.text:
            self._pieces.append(part.text)
            yield self._said("text.delta", delta=part.text)

    def closed(self) -> Iterator[Tree]:
        """Yield what says that it is whole."""
        text = "".join(self._pieces)
        if text:
            self._item.body["summary"] = [summary_of(text)]
            yield self._said("text.done", text=text)
            yield self._said("part.done", part=summary_of(text))
        self._item.body["encrypted_content"] = sealed(self._proof) or None
        yield self._item.done()

    def _said(self, kind: str, **fields: Any) -> Tree:
        return self._item.event(f"reasoning_summary_{kind}", summary_index=0, **fields)


class Call:
    """An item that is a call of a tool."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self._pieces: list[str] = []

    def opened(self) -> Iterator[Tree]:
        """Yield what says that it begins."""
        yield self._item.added()

    def grown(self, part: Part) -> Iterator[Tree]:
        """Add a piece, and yield what says so."""
        if isinstance(part, ToolUse) and part.arguments:
            self._pieces.append(part.arguments)
            yield self._item.event("function_call_arguments.delta", delta=part.arguments)

    def closed(self) -> Iterator[Tree]:
        """Yield what says that it is whole."""
        self._item.body |= {"arguments": "".join(self._pieces), "status": "completed"}
        yield self._item.event(
            "function_call_arguments.done",
            arguments=self._item.body["arguments"],
            name=self._item.body["name"],
        )
        yield self._item.done()


def annotation_of(citation: Citation, length: int) -> Tree:
    """Return a citation in a text of so many characters; one of a document says where the quote stands in it as well."""
    at = length if citation.at is None else citation.at
    if citation.url:
        start = 0 if citation.at is None else at
        place = {"start_index": start, "end_index": at}
        return {"type": "url_citation", **place, "url": citation.url, "title": citation.title}
    name = citation.document or citation.title
    quoted = {"start": citation.start, "end": citation.end, "quote": citation.quote}
    return {"type": "file_citation", "file_id": name, "filename": name, "index": at, **quoted}


def summary_of(text: str) -> Tree:
    """Return a part of a reasoning item's summary."""
    return {"type": "summary_text", "text": text}


def signature_of(use: ToolUse) -> Thinking:
    """Return the thought that carries the signature of the call of a tool behind it."""
    return Thinking(hidden=FOREIGN + use.signature)
