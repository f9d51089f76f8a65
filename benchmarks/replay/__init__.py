"""What replaying costs, and what stands between a request and its prompt."""
