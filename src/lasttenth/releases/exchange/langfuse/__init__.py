"""Langfuse: its prompts, in the JSON of its API and in files of it."""
