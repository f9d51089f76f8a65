"""Prompts of other products, as the tasks and releases that they are here. Where they are kept is not known here."""
