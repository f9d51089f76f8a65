"""Chat completions, read and written."""
