"""The web pages. They use nothing but the public API."""
