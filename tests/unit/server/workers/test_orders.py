"""Orders: they reach a worker whole, of its own version only, and follow the settings as far as those are right."""

from pathlib import Path

import msgspec
import pytest

from lasttenth.app.configuration import ProviderSettings, Settings
from lasttenth.app.installation import Place
from lasttenth.models.providers.scripted import Line, Script
from lasttenth.records.errors import ConfigurationError
from lasttenth.server.workers.orders import Orders, StandingOrders, read_orders

PLACE = Place(
    folder=Path("data"),
    cache=Path("cache"),
    settings=Settings(
        storage="",
        providers={"up": ProviderSettings(base_url="http://up/v1", api_key="secret ü\n")},
        scripts={"long": Script(lines=(Line(when=r"\bword\b", text="line\n" * 100_000, first_delay=0.1),))},
    ),
    threads=4,
)


def standing(place: Place = PLACE) -> StandingOrders:
    """Return the orders of a supervisor of two workers."""
    return StandingOrders(place, workers=2, writer=Path("/run/writer.sock"), keys_required=True)


def test_worker_learns_all_of_the_installation_and_its_own_socket() -> None:
    line = standing().for_listener(7)

    orders = read_orders(line)

    assert line.count(b"\n") == 1
    assert orders.place == msgspec.structs.replace(PLACE, threads=2)
    assert (orders.listener, orders.writer, orders.keys_required) == (7, "/run/writer.sock", True)


def test_orders_of_another_version_are_refused_whatever_else_they_say() -> None:
    fields = msgspec.json.decode(standing().for_listener(7))

    with pytest.raises(ConfigurationError, match=r"the supervisor is still 0\.0"):
        read_orders(msgspec.json.encode({**fields, "version": "0.0", "settings": "of another shape"}))


def test_settings_follow_the_file_but_for_what_holds_until_the_next_start() -> None:
    orders = standing()
    changed = msgspec.structs.replace(PLACE.settings, storage="postgresql://elsewhere", providers={})

    orders.renew(changed)

    assert told(orders).settings == msgspec.structs.replace(PLACE.settings, providers={})
    assert told(orders).folder == "data"


def test_settings_with_which_no_worker_starts_are_given_back() -> None:
    orders = standing()

    orders.renew(msgspec.structs.replace(PLACE.settings, providers={}))
    orders.restore()

    assert told(orders).settings == PLACE.settings


def told(orders: StandingOrders) -> Orders:
    """Return what the next worker hears."""
    return read_orders(orders.for_listener(1))
