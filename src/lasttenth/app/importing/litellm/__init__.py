"""LiteLLM: the `config.yaml` of its proxy, read."""
