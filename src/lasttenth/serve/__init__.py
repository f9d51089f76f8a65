"""The life of one request. Read `pipeline.py` first."""
