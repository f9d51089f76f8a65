"""Definitions: what is declared, content-addressed and immutable. Their hash is their name.

Fields that stand at their default are left out of the hash, so that a field added later (with a default that means
"as before") leaves every older hash as it was.
"""

from typing import Any, ClassVar, Literal

import msgspec

from lasttenth.records.hashing import body_hash, canonical, in_order


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything that is declared once and never changed; `kind` is its noun."""

    kind: ClassVar[str] = "definition"

    @property
    def hash(self) -> str:
        """Return the content hash, 64 hex digits."""
        return body_hash(self.kind, self.body)

    @property
    def body(self) -> bytes:
        """Return what is hashed and stored: JSON, in the order that a definition has whatever the order of its parts."""
        return canonical(self)


class Objective(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task must reach: a metric, its direction, and the margin below which a loss does not matter."""

    metric: str
    direction: Literal["higher", "lower"] = "higher"
    margin: float = 0.0


class Task(Definition, frozen=True, kw_only=True):
    """What the application does for whom; the risk tier follows the organisation's own scale."""

    kind: ClassVar[str] = "task"

    name: str
    description: str = ""
    owner: str = ""
    risk_tier: str = ""
    objectives: tuple[Objective, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a prompt template: a role and a template text."""

    role: Literal["system", "user", "assistant"]
    text: str


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the prompt is given, by variable, and what is to be answered to that."""

    input: dict[str, Any] = {}
    output: str


class Tool(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function that a model may ask its caller to call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    strict: bool = False
    """Whether the provider is to hold the model to the schema."""


class RetrievalBinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which index a release reads: `follow` an index by name, or stay `pinned` to one snapshot of it."""

    mode: Literal["pinned", "follow"] = "follow"
    index: str
    snapshot: str = ""
    """Hash of what the index must hold; empty unless pinned."""
    passages: int = 6


ORDERED = frozenset({"output_schema", "parameters", "tools"})
"""Fields of a release whose JSON Schemas are sent to models."""


class Release(Definition, frozen=True, kw_only=True):
    """Everything declared that changes behaviour: prompt, model, parameters, tools, guards, retrieval, schemas, code."""

    kind: ClassVar[str] = "release"

    task: str
    messages: tuple[Message, ...]
    model: str
    parameters: dict[str, Any] = {}
    examples: tuple[Example, ...] = ()
    nearest_examples: int = 0
    """How many of the examples are shown: those nearest to what is asked. 0 shows them all."""
    tools: tuple[Tool, ...] = ()
    guards: tuple[dict[str, Any], ...] = ()
    retrieval: RetrievalBinding | None = None
    cites: bool = False
    input_schema: dict[str, Any] | None = None
    """What a call must give."""
    output_schema: dict[str, Any] | None = None
    """What an answer must be: one JSON value that fits."""
    code: str = ""
    """Content hash of the functions registered for the task; empty for the default program."""

    @property
    def body(self) -> bytes:
        """Return what is hashed and stored; in what a model is to write, the order of properties counts."""
        fields = msgspec.to_builtins(self)
        parts = {
            name: msgspec.json.encode(in_order(fields[name])) if name in ORDERED else canonical(fields[name])
            for name in sorted(fields)
        }
        return msgspec.json.encode({name: msgspec.Raw(part) for name, part in parts.items()})


StructuredOutput = Literal["json_schema", "json_object", "none"]
"""How a provider holds its models to a shape: to a JSON Schema, to any JSON object, or not at all."""


class Environment(Definition, frozen=True, kw_only=True):
    """What a release met at run time: package version, index snapshots, embedders, provider fingerprint."""

    kind: ClassVar[str] = "environment"

    package: str
    indexes: dict[str, str] = {}
    """Index name → snapshot hash."""
    artefacts: dict[str, str] = {}
    """Embedder or detector id → hash of its weights."""
    provider: str = ""
    structured_output: StructuredOutput | None = None
    """None where the release has no output schema."""
    policy: str = ""
    """Hash of the route that the model's name stands for; empty where it stands for itself."""


class Case(Definition, frozen=True, kw_only=True):
    """An input to judge by, with a reference if there is one. Cases of one cluster stay in one split."""

    kind: ClassVar[str] = "case"

    task: str = ""
    input: dict[str, Any]
    reference: dict[str, Any] | None = None
    cluster: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    source_trace: str = ""
    privacy: Literal["unknown", "public", "personal", "masked"] = "unknown"


class Dataset(Definition, frozen=True, kw_only=True):
    """One version of a dataset: a name and the sorted hashes of its cases."""

    kind: ClassVar[str] = "dataset"

    name: str
    cases: tuple[str, ...]


class Metric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A metric of an experiment: the scorer that measures it, the better direction, the margin of non-inferiority."""

    name: str
    scorer: str
    direction: Literal["higher", "lower"] = "higher"
    margin: float = 0.0


class Experiment(Definition, frozen=True, kw_only=True):
    """A comparison of releases: cases from a dataset version or a live pointer, metrics, design, alpha."""

    kind: ClassVar[str] = "experiment"

    task: str
    releases: tuple[str, ...]
    dataset: str = ""
    pointer: str = ""
    metrics: tuple[Metric, ...]
    design: Literal["fixed", "sequential"] = "fixed"
    alpha: float = 0.05


class Card(Definition, frozen=True, kw_only=True):
    """The frozen, evidence-linked view of a task's release at a time; `sections` name the records they rest on."""

    kind: ClassVar[str] = "card"

    task: str
    release: str
    at: int
    sections: dict[str, Any] = {}


DEFINITIONS: tuple[type[Definition], ...] = (Task, Release, Environment, Case, Dataset, Experiment, Card)
