"""Measurements of Lasttenth: each folder has its scripts, its committed results and how to reproduce them."""
