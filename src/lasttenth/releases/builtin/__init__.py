"""The task files that come with Lasttenth."""
