"""Messages, read and written."""
