"""temp."""
from typing import NamedTuple
class QuoteMatch(NamedTuple):
    start: int
    end: int
    exact: bool
def find_quote(quote: str, text: str) -> QuoteMatch | None:
    i = text.find(quote)
    return None if i < 0 else QuoteMatch(i, i + len(quote), True)
