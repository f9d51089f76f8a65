"""The packages that PDF and DOCX files need, loaded when the first such file is read."""

from importlib import import_module
from types import ModuleType

from lasttenth.records.errors import MissingExtraError


def documents_package(module: str, *, document: str) -> ModuleType:
    """Return an optional module of the `documents` extra, or raise the error that says how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{document} needs the package {module.partition('.')[0]}, which is not installed.",
            hint="Run: pip install 'lasttenth[documents]'",
        ) from error
