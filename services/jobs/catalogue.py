"""The catalogue: every kind of job that this platform runs."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from services.jobs.job_type import ATTRIBUTE, JobType, JobTypeError

Catalogue = Mapping[str, JobType]


def discover(places: str) -> Catalogue:
    """The job types in `places`: module names, folders or files, separated by commas.

    Raises JobTypeError, in one sentence, for a place that can't be read or a job type that is
    written wrongly.
    """
    catalogue: dict[str, JobType] = {}
    for place in filter(None, (part.strip() for part in places.split(","))):
        for module in _modules(place):
            for kind in _job_types(module):
                _add(catalogue, kind)
    if not catalogue:
        raise JobTypeError(f"JOB_TYPES={places!r} holds no function marked with @job_type")
    return dict(sorted(catalogue.items()))


def _add(catalogue: dict[str, JobType], kind: JobType) -> None:
    known = catalogue.setdefault(kind.name, kind)
    if known.function is not kind.function:
        ours, theirs = (k.function.__module__ for k in (known, kind))
        raise JobTypeError(f"two job types are named {kind.name!r}, in {ours} and in {theirs}: rename one")


def _job_types(module: ModuleType) -> Iterator[JobType]:
    for value in vars(module).values():
        kind = getattr(value, ATTRIBUTE, None)
        if isinstance(kind, JobType) and kind.function.__module__ == module.__name__:
            yield kind


def _modules(place: str) -> Iterator[ModuleType]:
    if "/" in place or place.endswith(".py"):
        yield from _modules_at(Path(place).expanduser().resolve())
        return
    package = _import(place)
    yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", [])):
        yield _import(f"{place}.{info.name}")


def _modules_at(path: Path) -> Iterator[ModuleType]:
    files = [path] if path.suffix == ".py" else sorted(path.glob("*.py"))
    if not path.exists() or not files:
        raise JobTypeError(f"JOB_TYPES names {path}, where there is no Python file")
    for file in files:
        if not file.stem.startswith("_"):
            yield _load(file)


def _load(file: Path) -> ModuleType:
    name = f"job_types_{file.parent.name}_{file.stem}".replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise JobTypeError(f"JOB_TYPES names {file}, which is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except JobTypeError as error:
        raise JobTypeError(f"{file.name}: {error}") from None
    except Exception as error:
        raise JobTypeError(f"{file.name} can't be imported: {type(error).__name__}: {error}") from error
    return module


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except JobTypeError as error:
        raise JobTypeError(f"{name}: {error}") from None
    except Exception as error:
        raise JobTypeError(f"JOB_TYPES names {name!r}, which can't be imported: {error}") from error
