"""The one error tree. Every error says what happened, with which value, and what to do next.

The doors translate: `status` is the HTTP answer, `kind` the `type` field of OpenAI-shaped bodies, `code` the stable name
that programs and documentation use, `exit_code` what the command line returns.
"""

from collections.abc import Collection
from typing import ClassVar

from lasttenth.records.attempts import Attempt


class LasttenthError(Exception):
    """Carry what happened and, in `hint`, what to do next; `retry_after` is in seconds where a retry may help."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    kind: ClassVar[str] = "server_error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str = "", parameter: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.parameter = parameter
        self.retry_after = retry_after
        self.trace_id = ""
        """Where it is recorded, if it is."""


def error_of(code: str) -> type[LasttenthError]:
    """Return the kind of error that has a stable code."""
    kinds = [LasttenthError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.code == code), LasttenthError)


class InvalidRequestError(LasttenthError):
    """The request cannot be understood: broken JSON, a missing field, a wrong type."""

    code, status, kind, exit_code = "invalid_request", 400, "invalid_request_error", 2


def untagged(who: str, tags: Collection[str], fit: str = "") -> InvalidRequestError:
    """Return the refusal of a call that may go to certain places alone. `who` begins a sentence; `fit` names places."""
    return InvalidRequestError(
        f"{who} the tags that were asked for: {', '.join(sorted(tags))}.",
        hint=f"Providers that have them: {fit}."
        if fit
        else "Tags stand under providers and deployments in the settings.",
        parameter="tags",
    )


class MethodNotAllowedError(InvalidRequestError):
    """The path is there, and cannot be asked in this way."""

    code, status = "method_not_allowed", 405


class PayloadTooLargeError(InvalidRequestError):
    """The body is larger than the installation allows."""

    code, status = "payload_too_large", 413


class AuthenticationError(LasttenthError):
    """No key, or one that is unknown, revoked or malformed."""

    code, status, kind, exit_code = "invalid_api_key", 401, "authentication_error", 4


class PermissionDeniedError(LasttenthError):
    """The caller is known, and may not do this."""

    code, status, kind, exit_code = "permission_denied", 403, "permission_error", 4


class NotFoundError(LasttenthError):
    """A named thing does not exist in this project."""

    code, status, kind, exit_code = "not_found", 404, "invalid_request_error", 3


class ModelNotFoundError(NotFoundError):
    """No provider serves the model."""

    code = "model_not_found"


class TaskNotFoundError(NotFoundError):
    """No task, or no pointer of a task, has the name."""

    code = "task_not_found"


class IndexNotFoundError(NotFoundError):
    """No index has the name."""

    code = "index_not_found"


class ConflictError(LasttenthError):
    """The request contradicts what is stored."""

    code, status, kind, exit_code = "conflict", 409, "invalid_request_error", 5


class NotRecordedError(ConflictError):
    """A trace that is replayed does not hold what is asked for."""

    code = "not_recorded"


class EmbedderMismatchError(ConflictError):
    """An index was built with another embedder than the one at hand; their vectors must never be mixed."""

    code = "embedder_mismatch"


class DocumentError(InvalidRequestError):
    """A document cannot be read: binary, broken, of an unknown encoding, or not readable at all."""

    code, status = "unreadable_document", 422


class BackupError(InvalidRequestError):
    """A file is no backup, is damaged or comes from a newer version, or a backup would overwrite something."""

    code, status = "invalid_backup", 422


class ConfigurationError(LasttenthError):
    """The installation is described wrongly: `lasttenth.yaml`, an environment variable or a command-line option."""

    code, exit_code = "invalid_configuration", 2


class TaskFileError(ConfigurationError):
    """A task file cannot be read, or what it declares cannot work."""

    code, status, kind = "invalid_task_file", 422, "invalid_request_error"


class InvalidCommandError(InvalidRequestError):
    """A command of the command line is unknown, or has a wrong option or argument."""

    code = "invalid_command"


class MissingExtraError(ConfigurationError):
    """A feature needs packages that are not installed; the hint names the exact extra."""

    code, status = "missing_extra", 501


class EmbedderUnavailableError(MissingExtraError):
    """The files of the built-in embedder are missing, damaged or could not be fetched."""

    code = "embedder_unavailable"


class PermanentError(LasttenthError):
    """A job's function says that trying again cannot help: raise it, and the job fails at once."""

    code, status, kind, exit_code = "permanent_failure", 422, "invalid_request_error", 1


class StorageError(LasttenthError):
    """The store refused: disk full, locked, read-only or damaged. Nothing that was acknowledged is lost."""

    code, status, exit_code = "storage_unavailable", 503, 6


class UpstreamError(LasttenthError):
    """A provider failed or could not be reached. `upstream_status` is its HTTP status, if it answered."""

    code, status, kind, exit_code = "upstream_error", 502, "upstream_error", 7

    def __init__(self, message: str, *, hint: str = "", upstream_status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.upstream_status = upstream_status
        self.attempts: tuple[Attempt, ...] = ()
        """Who was asked in vain, where there was a choice."""


class InvalidAnswerError(UpstreamError):
    """A model did not answer as the task's output schema says, however often it was asked."""

    code = "invalid_answer"


class UpstreamTimeoutError(UpstreamError):
    """A provider did not answer within the limit."""

    code, status = "upstream_timeout", 504
