"""What the command line reports in one sentence instead of a traceback."""

from __future__ import annotations


class ExperimentError(Exception):
    """An expected trouble: its text is one sentence for the user."""

    status = 2
    """The exit status of the command."""


class UsageError(ExperimentError):
    """The command asks for something that is not there or not allowed."""


class StoreError(ExperimentError):
    """The result store cannot be read or written; nothing that it holds is lost."""


class Stopped(ExperimentError):
    """The user pressed Ctrl-C."""

    status = 130
