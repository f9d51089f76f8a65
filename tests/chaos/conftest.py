"""How often the chaos tests kill: a few times in the ordinary run, fifty under `make chaos`."""

import pytest


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """Return how many kills a chaos test makes."""
    return int(request.config.getoption("--rounds"))
