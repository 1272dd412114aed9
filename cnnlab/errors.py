"""Every error that CNN Lab raises on purpose.

    CNNLabError
    ├── SettingsError            an environment variable or secret holds a value that cannot be used
    ├── SpecError                a layer, an architecture or a training configuration that cannot be meant
    │   └── LinkError            a `?lab=` link that cannot be read
    ├── DatasetError             a data set is unknown, damaged or of the wrong shape
    │   └── DatasetUnavailable   known, but not on this machine and not to be downloaded now
    ├── RunError
    │   ├── RunNotFound          no run of this id in the record
    │   ├── RunStateError        the run is in a state in which this cannot be done
    │   ├── StorageError         the record or a run's file cannot be read or written
    │   └── ExportError          a run cannot be given this form, or not on this machine
    └── EngineError
        ├── WorkerLost           a worker process died or did not answer in time
        └── TaskFailed           a worker answered that the task failed, and why

A message says where, what was expected, what came and what to do. It is shown to users as it stands.
"""

from __future__ import annotations


class CNNLabError(Exception):
    """Base of every error that CNN Lab raises on purpose."""


class SettingsError(CNNLabError):
    """A setting holds a value that cannot be used."""


class SpecError(CNNLabError, ValueError):
    """A layer, an architecture or a training configuration cannot be meant."""


class LinkError(SpecError):
    """A link to a design cannot be read."""


class DatasetError(CNNLabError):
    """A data set is unknown, damaged or of the wrong shape."""


class DatasetUnavailable(DatasetError):
    """A known data set is neither on this machine nor to be downloaded now."""


class RunError(CNNLabError):
    """Something about a run cannot be done."""


class RunNotFound(RunError, LookupError):
    """The record has no run of this id."""


class RunStateError(RunError):
    """The run is in a state in which this cannot be done."""


class StorageError(RunError):
    """The record or a file of a run cannot be read or written."""


class ExportError(RunError):
    """A run cannot be given this form, or not with what is installed."""


class EngineError(CNNLabError):
    """A worker process could not do its task."""


class WorkerLost(EngineError):
    """A worker process died or did not answer in time."""


class TaskFailed(EngineError):
    """A worker answered that a task failed; the message says why."""
