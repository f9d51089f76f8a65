"""The public names of Lasttenth. Each is loaded when it is first asked for."""

__version__ = "0.1.0"
