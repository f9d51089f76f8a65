"""What a route may be told of whom to ask and how long to wait."""

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]


Strategy = Literal["latency", "cost"]


class Patience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked first, how often a call is tried again, and for how many seconds one waits."""

    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    strategy: Strategy = "latency"
    """Whether the one that answers soonest is asked, or the one that costs least."""
    first_content: Seconds | None = None
    """Seconds until something is said, or all of it where the answer is no stream."""
    between: Seconds | None = None
    """Seconds between two pieces of a stream."""
    total: Seconds | None = None
    """Seconds that a call may take in all, over all its attempts."""
    hedge: bool = False
    """Whether another deployment is asked as well, where one says nothing for longer than nearly all calls take."""
    affinity: bool = False
    """Whether prompts that begin alike go to the same deployment, whose prompt cache knows them."""
