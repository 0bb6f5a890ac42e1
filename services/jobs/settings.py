"""The platform's settings: read from the environment once, at the start, and frozen."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

WAITRESS_THREADS = 16


class SettingsError(Exception):
    """A setting makes no sense; the message names it and says what it takes."""


class Settings(BaseSettings):
    """Every setting, named in the environment by its name in capitals. See `.env.example`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    redis_url: str = Field(default="redis://127.0.0.1:6379/0", description="The store, Valkey or Redis")
    bind: str = Field(default="127.0.0.1", description="Address on which both services listen")
    gateway_port: int = Field(default=8000, ge=1, le=65535, description="The gateway's port")
    status_port: int = Field(default=8001, ge=1, le=65535, description="The status service's port")
    gateway_public_url: str = Field(default="", description="The gateway's public origin, if the client's view differs")
    status_public_url: str = Field(default="", description="The status service's public origin, likewise")
    trusted_hosts: str = Field(default="", description="Host names to answer to, separated by commas; empty: all")
    data_dir: Path = Field(default=Path("data"), description="Folder of the embedded platform: store, files, logs")
    blob_url: str = Field(default="", description="File storage: a folder or bucket URL; empty: DATA_DIR/blobs")
    job_types: str = Field(default="services.job_types", description="Modules, folders or files of job types")
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes of the embedded platform")
    server: Literal["gunicorn", "waitress"] = Field(default="gunicorn", description="WSGI server of both services")
    web_processes: int = Field(default=2, ge=1, le=32, description="Processes of each service under gunicorn")
    event_streams: int = Field(default=1_000, ge=1, description="Requests of one process that may wait at a time")
    max_queue_depth: int = Field(default=100_000, ge=1, description="Jobs that may wait in one queue")
    worker_grace: float = Field(default=25.0, ge=0, description="Seconds a stopping worker lets its job go on")
    child_max_jobs: int = Field(default=10_000, ge=1, description="Jobs after which a worker renews its child")
    child_max_mb: int = Field(default=512, ge=64, description="Megabytes beyond which an idle child is renewed")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Log level")

    @field_validator("gateway_public_url", "status_public_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("write an origin such as https://jobs.example.org")
        return url.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _store(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://", "valkey://", "valkeys://")):
            raise ValueError("write a URL such as redis://localhost:6379/0")
        return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url

    @property
    def blobs(self) -> str:
        """Where files are kept: BLOB_URL, or a folder in DATA_DIR."""
        return self.blob_url or str((self.data_dir / "blobs").resolve())

    @property
    def waiting_places(self) -> int:
        """How many requests of one process may wait for jobs at a time: on waitress, half of its threads."""
        return min(self.event_streams, WAITRESS_THREADS // 2) if self.server == "waitress" else self.event_streams

    @property
    def hosts(self) -> list[str] | None:
        """The trusted host names, or None for any."""
        return [name.strip() for name in self.trusted_hosts.split(",") if name.strip()] or None


def load_settings() -> Settings:
    """The settings of this environment; raises SettingsError with one sentence for each mistake."""
    try:
        return Settings()
    except ValidationError as error:
        said = [f"{str(e['loc'][0]).upper()}={e['input']!r}: {e['msg']}" for e in error.errors()]
        raise SettingsError("; ".join(said)) from None
