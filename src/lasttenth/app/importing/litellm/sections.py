"""The settings beside the list of models: what they ask of routes, and what becomes of all others."""

from typing import Any, NamedTuple

from lasttenth.releases.exchange.outcomes import Fields, Remarks
from lasttenth.releases.exchange.sources import object_of

MOST_RETRIES = 10
NO_NUMBER = "It is no number that can be taken."
LIMITED = "It is the time until the first content; after that an answer may take as long as it goes on."
_CALLS = ("litellm_settings", "router_settings")
"""Sections that say how calls are made; the later one goes before the other."""
UNSAID: tuple[object, ...] = (None, False, "", [], {})
"""Values that ask for nothing."""
_TRACED = "Every call is traced here; nothing is sent there."
_RESTS = "One that fails three times in a row rests, a second at first and a minute at most."
_DRAWN = "Two are drawn by their weights, and the one with less to wait for is asked."
_NOTES = {
    "routing_strategy": _DRAWN,
    "routing_strategy_args": _DRAWN,
    "allowed_fails": _RESTS,
    "allowed_fails_policy": _RESTS,
    "cooldown_time": _RESTS,
    "disable_cooldowns": _RESTS,
    "retry_after": "What a provider says in Retry-After is kept to.",
    "enable_pre_call_checks": "Where a provider says that a prompt is too long, another deployment is asked.",
    "cache": "Answers are kept for requests that ask for it, in the memory of each process.",
    "cache_params": "Answers are kept in the memory of each process; `cache` says how many, and how long.",
    "redis_host": "Processes need no Redis.",
    "redis_port": "Processes need no Redis.",
    "redis_password": "Processes need no Redis.",
    "redis_url": "Processes need no Redis.",
    "set_verbose": "How much is logged is not said in the settings.",
    "json_logs": "How much is logged is not said in the settings.",
}
_LOST = {
    "drop_params": "What a client sends goes to the provider as it is, and a parameter that it refuses is an error.",
    "callbacks": _TRACED,
    "success_callback": _TRACED,
    "failure_callback": _TRACED,
    "service_callbacks": _TRACED,
    "content_policy_fallbacks": "Another model is asked after failures alone.",
    "master_key": "It was not copied: make keys with lasttenth key create NAME.",
    "database_url": "It was not copied, and nothing is read from there: `storage` says where everything is kept.",
    "store_model_in_db": "Models stand in the settings alone.",
}


class Calls(NamedTuple):
    """What is asked of all calls."""

    retries: int | None
    first_content: float | None
    read: float | None
    payloads: bool
    fallbacks: dict[str, list[str]]
    """What is asked in the place of a name."""
    any_fallbacks: list[str]
    """What is asked in the place of names without fallbacks of their own."""
    aliases: dict[str, str]


def calls_of(values: dict[str, Any], remarks: Remarks) -> Calls:
    """Return what the sections ask of all calls, and say what they ask beside it."""
    section = _Section(values, remarks)
    retries = section.number("num_retries", least=0)
    if retries is not None and retries > MOST_RETRIES:
        section.differs("num_retries", f"A call is tried again {MOST_RETRIES} times at most.")
    whole, begun = section.number("timeout"), section.number("stream_timeout")
    if whole is not None or begun is not None:
        section.differs("timeout" if whole is not None else "stream_timeout", LIMITED)
    read = section.number("request_timeout")
    if read is not None:
        section.differs("request_timeout", "It is the time until the next bytes of an answer, not that of a whole one.")
    is_private = section.take("turn_off_message_logging") is True
    if is_private:
        section.note("turn_off_message_logging", "Traces are kept without inputs and outputs.")
    fallbacks = section.fallbacks("fallbacks")
    for name, longer in section.fallbacks("context_window_fallbacks").items():
        section.differs("context_window_fallbacks", "They are asked after every failure, when all others have failed.")
        fallbacks[name] = [*fallbacks.get(name, []), *longer]
    calls = Calls(
        retries=None if retries is None else min(int(retries), MOST_RETRIES),
        first_content=max((each for each in (whole, begun) if each is not None), default=None),
        read=read,
        payloads=not is_private,
        fallbacks=fallbacks,
        any_fallbacks=section.names("default_fallbacks"),
        aliases=section.aliases(),
    )
    section.say_of_the_rest()
    return calls


def say_of_other_sections(values: dict[str, Any], remarks: Remarks) -> None:
    """Say what becomes of settings that say nothing of calls. What they are set to may be secret, and is not shown."""
    for name in object_of(values.get("environment_variables")):
        remarks.differs(f"environment_variables.{name}", "It was not copied: set it in the environment.")
    _say("general_settings", object_of(values.get("general_settings")), remarks)
    known = {"model_list", "credential_list", "environment_variables", "general_settings", *_CALLS}
    _say("", {name: value for name, value in values.items() if name not in known}, remarks)


def positive(value: object) -> float | None:
    """Return a number above 0, and None for everything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


class _Section:
    """Both sections that say how calls are made, as one; what nobody took is said in the end."""

    def __init__(self, values: dict[str, Any], remarks: Remarks) -> None:
        self._values: Fields = {}
        self._places: dict[str, str] = {}
        self._remarks = remarks
        self._rest: set[str] = set()
        for section in _CALLS:
            for name, value in object_of(values.get(section)).items():
                if name in self._values:
                    remarks.note(self._places[name], f"{section}.{name} goes before it.")
                self._values[name] = value
                self._places[name] = f"{section}.{name}"
        self._rest.update(self._values)

    def take(self, name: str) -> Any:
        """Return a value, which needs no further remark."""
        self._rest.discard(name)
        return self._values.get(name)

    def differs(self, name: str, message: str) -> None:
        """Say that a value may mean something else."""
        self._remarks.differs(self._places[name], message)

    def note(self, name: str, message: str) -> None:
        """Say something of a value."""
        self._remarks.note(self._places[name], message)

    def number(self, name: str, *, least: float | None = None) -> float | None:
        """Return a number above 0, or from the least on; None where there is none."""
        value = self.take(name)
        found = positive(value)
        if found is not None or value is None:
            return found
        if least is not None and value == least and not isinstance(value, bool):
            return least
        self._remarks.lost(self._places[name], NO_NUMBER)
        return None

    def names(self, name: str) -> list[str]:
        """Return a list of names."""
        value = self.take(name)
        if value in UNSAID:
            return []
        listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        found = [each for each in listed if isinstance(each, str)]
        if not found or len(found) < len(listed):
            self._remarks.lost(self._places[name], "Only names of models can be asked.")
        return found

    def fallbacks(self, name: str) -> dict[str, list[str]]:
        """Return a list of what is asked in the place of what."""
        value, found = self.take(name), {}
        for each in value if isinstance(value, list) else [value] if value else []:
            for asked, others in object_of(each).items():
                listed = [others] if isinstance(others, str) else others if isinstance(others, list) else []
                found[asked] = [other for other in listed if isinstance(other, str)]
                if not found[asked] or len(found[asked]) < len(listed):
                    self._remarks.lost(f"{self._places[name]}.{asked}", "Only names of models can be asked.")
            if not isinstance(each, dict):
                self._remarks.lost(self._places[name], "It does not say what is asked in the place of what.")
        return found

    def aliases(self) -> dict[str, str]:
        """Return names that stand for other names."""
        name, found = "model_group_alias", {}
        for alias, value in object_of(self.take(name)).items():
            stands = value.get("model") if isinstance(value, dict) else value
            if isinstance(stands, str):
                found[alias] = stands
            else:
                self._remarks.lost(f"{self._places[name]}.{alias}", "It does not say which model it stands for.")
        return found

    def say_of_the_rest(self) -> None:
        """Say what becomes of everything that was not taken."""
        for name, value in self._values.items():
            if name in self._rest:
                _say_one(self._places[name], name, value, self._remarks)


def _say(section: str, values: dict[str, Any], remarks: Remarks) -> None:
    for name, value in values.items():
        _say_one(f"{section}.{name}" if section else name, name, value, remarks)


def _say_one(place: str, name: str, value: Any, remarks: Remarks) -> None:
    if value in UNSAID:
        return
    if name in _NOTES:
        remarks.note(place, _NOTES[name])
    else:
        remarks.lost(place, _LOST.get(name, "Nothing corresponds to it."))
