"""A kind of job: one typed function, and what the platform needs to know about it."""

import inspect
import logging
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.jobs.files import FileRule, file_rules
from services.jobs.running_job import RunningJob

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., BaseModel])

ATTRIBUTE = "__job_type__"
ENVELOPE = frozenset({"input", "options"})
OPTION_NAMES = frozenset({"priority", "delay", "run_at", "timeout", "callback_url", "validate"})


class JobTypeError(Exception):
    """A job type is written wrongly; the message says what to write instead."""


@dataclass(frozen=True)
class JobType:
    """What the platform knows of one kind of job. Times are seconds, sizes are bytes."""

    name: str
    summary: str
    function: Callable[..., BaseModel]
    input_model: type[BaseModel]
    result_model: type[BaseModel]
    takes_job: bool
    example: Mapping[str, Any]
    example_files: Mapping[str, Path]
    timeout: int
    max_attempts: int
    backoff: float
    memory_mb: int
    keep: int
    max_body: int
    files: Mapping[str, FileRule] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
    estimate: Callable[[Any], float] | None = None

    @cached_property
    def field_names(self) -> frozenset[str] | None:
        """The names that an input may have; None if the model takes any."""
        fields, config = self.input_model.model_fields, self.input_model.model_config
        if config.get("extra") == "allow":
            return None
        by_name = config.get("populate_by_name") or config.get("validate_by_name")
        return frozenset(info.alias or name for name, info in fields.items()) | frozenset(fields if by_name else ())

    @cached_property
    def largest_file(self) -> int:
        """How many bytes a file of an input may have at most; 0 if it has none."""
        return max((rule.max_bytes for rule in self.files.values()), default=0)

    @property
    def body_limit(self) -> int:
        """The largest request body in bytes that a submission of this type may have."""
        return self.max_body + sum(rule.max_bytes for rule in self.files.values())

    def run(self, inputs: BaseModel, job: RunningJob) -> BaseModel:
        """Call the function with its input, and with the running job if it asks for it."""
        return self.function(inputs, job) if self.takes_job else self.function(inputs)

    def expected_ms(self, inputs: BaseModel) -> int:
        """How long one attempt at this input will probably take, in milliseconds; 0 if there is nothing to say."""
        if self.estimate is None:
            return 0
        try:
            return max(1, round(min(self.estimate(inputs), self.timeout) * 1000))
        except Exception:
            log.exception("%s: the estimate failed", self.name)
            return 0

    def retry_delay(self, attempt: int) -> float:
        """Seconds to wait after `attempt` (1, 2, …) failed: doubled each time, at most a minute."""
        return float(min(self.backoff * 2 ** (attempt - 1), 60.0))


def job_type(
    *,
    example: Mapping[str, Any],
    example_files: Mapping[str, str] | None = None,
    name: str | None = None,
    timeout: int = 60,
    max_attempts: int = 3,
    backoff: float = 1.0,
    memory_mb: int = 1024,
    keep: int = 86_400,
    max_body: int = 1_000_000,
    estimate: Callable[[Any], float] | None = None,
) -> Callable[[Function], Function]:
    """Make a typed function a kind of job; the function itself comes back unchanged.

    `example` is an input that works; `example_files` gives the example's files, as paths from
    the function's own file. `timeout` (seconds) bounds one attempt, `backoff` (seconds) is the
    wait before the second attempt, `keep` (seconds) is how long a finished job can be read, and
    `max_body` (bytes) bounds what a submission may hold beside its files. `estimate` tells from an
    input how many seconds one attempt will probably take.
    """

    def attach(function: Function) -> Function:
        kind = JobType(
            name=_name(name or function.__name__.replace("_", "-")),
            summary=_summary(function),
            function=function,
            example=dict(example),
            example_files=_paths(function, example_files or {}),
            backoff=backoff,
            estimate=estimate,
            **_shape(function),
            **_positive(function, timeout=timeout, max_attempts=max_attempts, memory_mb=memory_mb),
            **_positive(function, keep=keep, max_body=max_body),
        )
        return _marked(function, kind)

    return attach


def _shape(function: Callable[..., Any]) -> dict[str, Any]:
    """What the function's annotations say."""
    inputs, result, takes_job = _signature(function)
    models = {"input_model": inputs, "result_model": result, "takes_job": takes_job}
    return {**models, "files": file_rules(inputs), "arrays": _arrays(inputs)}


def _marked(function: Function, kind: JobType) -> Function:
    _check_fields(kind)
    _check_example(kind)
    setattr(function, ATTRIBUTE, kind)
    return function


def _signature(function: Callable[..., Any]) -> tuple[type[BaseModel], type[BaseModel], bool]:
    where = function.__qualname__
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) not in (1, 2):
        raise JobTypeError(f"{where}: write it as {where}(inputs: Model) or {where}(inputs: Model, job: RunningJob)")
    inputs, result = hints.get(parameters[0]), hints.get("return")
    if not _is_model(inputs):
        raise JobTypeError(f"{where}: annotate `{parameters[0]}` with a pydantic model, the job's input")
    if not _is_model(result):
        raise JobTypeError(f"{where}: annotate what it returns with a pydantic model, the job's result")
    if len(parameters) == 2 and hints.get(parameters[1]) is not RunningJob:
        raise JobTypeError(f"{where}: annotate `{parameters[1]}` with RunningJob, or leave it out")
    return typing.cast(type[BaseModel], inputs), typing.cast(type[BaseModel], result), len(parameters) == 2


def _arrays(model: type[BaseModel]) -> frozenset[str]:
    """The fields that take several values, and so a list even when a form gives them one."""
    found = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
    return frozenset(name for name, hint in found.items() if _is_array(hint))


def _is_array(hint: object) -> bool:
    kind = typing.get_origin(hint) or hint
    if kind in (typing.Union, types.UnionType, typing.Annotated):
        return any(map(_is_array, typing.get_args(hint)))
    return kind in (list, set, frozenset, tuple)


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 60:
        raise JobTypeError(f"{name!r}: name a job type in lower-case words joined by dashes, at most 60 characters")
    return name


def _summary(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function)
    if not text:
        raise JobTypeError(f"{function.__qualname__}: write a docstring; its first line is what clients read")
    return text.splitlines()[0].strip()


def _positive(function: Callable[..., Any], **options: int) -> dict[str, Any]:
    for option, value in options.items():
        if not isinstance(value, int) or value < 1:
            raise JobTypeError(f"{function.__qualname__}: {option}={value!r} must be a whole number above zero")
    return options


def _paths(function: Callable[..., Any], files: Mapping[str, str]) -> dict[str, Path]:
    folder = Path(inspect.getfile(function)).resolve().parent
    paths = {name: (folder / path).resolve() for name, path in files.items()}
    for name, path in paths.items():
        if not path.is_file():
            raise JobTypeError(f"{function.__qualname__}: the example file for `{name}` is missing: {path}")
    return paths


def _check_fields(kind: JobType) -> None:
    known = kind.input_model.model_fields
    fields = {info.alias or name for name, info in known.items()}
    required = {info.alias or name for name, info in known.items() if info.is_required()}
    if "input" in fields and required <= ENVELOPE:
        raise JobTypeError(f"{kind.name}: rename the field `input`, which can't be told from the envelope")
    taken = fields & OPTION_NAMES
    if taken:
        raise JobTypeError(f"{kind.name}: rename the fields {sorted(taken)}, which are options of every job")
    unknown = set(kind.example_files) - set(kind.files)
    if unknown:
        raise JobTypeError(f"{kind.name}: example_files names {sorted(unknown)}, which are no file fields")


def _check_example(kind: JobType) -> None:
    files = {field: kind.files[field].example(path) for field, path in kind.example_files.items()}
    try:
        inputs = kind.input_model.model_validate({**kind.example, **files})
    except ValidationError as error:
        raise JobTypeError(f"{kind.name}: the example does not fit the input: {error}") from None
    if kind.estimate and not kind.expected_ms(inputs):
        raise JobTypeError(f"{kind.name}: estimate must take the input and give seconds, which fails for the example")
