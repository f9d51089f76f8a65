"""The Responses protocol, read and written."""
