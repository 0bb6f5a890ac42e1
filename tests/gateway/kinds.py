"""Job types with every form of input that the gateway has to understand."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.jobs import File, file_field, job_type


class Done(BaseModel):
    """Nothing but an end."""

    ok: bool = True


class Inner(BaseModel):
    """A part of an input."""

    key: str = ""
    sizes: list[int] = []


class Every(BaseModel):
    """One field of each kind."""

    number: float = 0.0
    count: int = 0
    flag: bool = False
    when: datetime | None = None
    names: list[str] = []
    maybe: list[int] | None = None
    inner: Inner | None = None
    from_: str = Field(default="", alias="from")
    nothing: None = None


class Open(BaseModel):
    """Whatever a client likes to send."""

    model_config = ConfigDict(extra="allow")

    name: str = ""


class ByName(BaseModel):
    """A field that may be called by either of its names."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    from_: str = Field(default="", alias="from")


class OneFile(BaseModel):
    """A small file, and a word about it."""

    data: File = file_field(accepts=("application/x-data", "text/plain"), max_bytes=100, description="The file")
    label: str = ""


class TwoFiles(BaseModel):
    """Two files of different limits."""

    small: File = file_field(accepts=("text/plain",), max_bytes=10, description="A small file")
    large: File | None = file_field(accepts=("text/csv",), max_bytes=100, description="A larger one", optional=True)
    title: str = ""


@job_type(example={}, max_body=2_000, timeout=30)
def every(inputs: Every) -> Done:
    """Take one field of each kind."""
    return Done()


@job_type(example={})
def open_ended(inputs: Open) -> Done:
    """Take whatever comes."""
    return Done()


@job_type(example={})
def by_name(inputs: ByName) -> Done:
    """Take a field by either of its names."""
    return Done()


@job_type(example={}, example_files={"data": "kinds.py"}, max_body=1_000)
def one_file(inputs: OneFile) -> Done:
    """Take a file."""
    return Done()


@job_type(example={}, example_files={"small": "kinds.py"}, max_body=1_000)
def two_files(inputs: TwoFiles) -> Done:
    """Take one or two files."""
    return Done()
