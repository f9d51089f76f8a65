"""What the built-in embedder costs in CPU time and memory."""
