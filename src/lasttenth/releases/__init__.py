"""From task files to releases, and from a task's name to the release that answers."""
