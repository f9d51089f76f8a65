"""The wall of faults before Lasttenth and before LiteLLM's proxy, and the page that tells of it."""
