"""A provider that is not asked for everything: rules say what becomes of parameters that some of its models do not take."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ModelInfo, ModelRequest, Provider, Translation
from lasttenth.models.providers.changed import ChangedReply
from lasttenth.models.providers.passage import Passable
from lasttenth.records.errors import InvalidRequestError

Then = Literal["drop", "warn", "error"]
"""Left out, left out and said to the caller, or refused."""


class UnsupportedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of parameters of some models; without parameters, of all that a translation cannot carry to them."""

    models: str = "*"
    """The provider's own names, with `*` and `?` for any letters, in one case."""
    parameters: tuple[str, ...] = ()
    then: Then = "warn"


class RuledProvider:
    """Ask a provider by its rules.

    Args:
        provider: who is asked.
        rules: the first one that names a parameter decides about it.
    """

    def __init__(self, provider: Provider, rules: Sequence[UnsupportedRule]) -> None:
        self.protocols = provider.protocols
        self._provider = provider
        self._rules = rules
        if isinstance(provider, Passable):
            self.passage = provider.passage

    async def call(self, request: ModelRequest) -> ChangedReply:
        """Call a model. Raises InvalidRequestError for what may not be asked, and what the provider raises."""
        rules = [rule for rule in self._rules if fnmatchcase(request.model.lower(), rule.models.lower())]
        fields = fields_of(request.body)
        found: dict[str, Then] = {}
        for rule in rules:
            for name in rule.parameters:
                if name in fields:
                    found.setdefault(name, rule.then)
        beyond = next((rule.then for rule in rules if not rule.parameters), "warn")
        refused = [name for name, then in found.items() if then == "error"]
        refused += request.lost if beyond == "error" else ()
        if refused:
            raise InvalidRequestError(
                f"{request.model} does not take {', '.join(refused)}.",
                hint="Leave it out, or say in the settings that it is to be dropped.",
                parameter=refused[0],
            )
        if found:
            kept = {name: value for name, value in fields.items() if name not in found}
            request = msgspec.structs.replace(request, body=msgspec.json.encode(kept))
        unsaid = {name for name, then in found.items() if then == "drop"}
        unsaid |= {*request.lost} if beyond == "drop" else set()
        translation = Translation(lost=[*found], unsaid=unsaid, crosses=False)
        return ChangedReply(await self._provider.call(request), translation)

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names. Raises UpstreamError."""
        return await self._provider.models()

    async def close(self) -> None:
        """Release what the provider holds."""
        await self._provider.close()
