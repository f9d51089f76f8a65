"""Prompts of other tools: their files become task files, and releases become their files, with a word on what is lost."""
