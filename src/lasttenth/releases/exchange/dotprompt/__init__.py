"""Dotprompt: its files, its templates in Handlebars, and its schemas, read and written."""
