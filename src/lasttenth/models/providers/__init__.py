"""The providers: anything with an OpenAI-compatible URL, the built-in models and the scripted ones."""
