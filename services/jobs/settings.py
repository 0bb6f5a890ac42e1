"""The platform's settings: read from the environment once, at the start, and frozen."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.jobs.api_keys import ApiKey, parse_api_keys
from services.jobs.public_address import Allowed
from services.jobs.quota import Quota, parse_quota

WAITRESS_THREADS = 16

SITE = re.compile(r"https?://[a-z0-9.\[\]:-]+")
SECRET = frozenset({"api_keys", "redis_url"})
BUCKETS = ("file", "s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss")


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
    api_keys: str = Field(default="", repr=False, description="Who may call: name:sha256-of-key, by commas; empty: all")
    rate_limit: str = Field(default="", description="Jobs that one client may submit, as requests/seconds; empty: any")
    cors_origins: str = Field(default="", description="Other sites whose pages may call: origins by commas, or *")
    data_dir: Path = Field(default=Path("data"), description="Folder of the embedded platform: store, files, logs")
    blob_url: str = Field(default="", description="File storage: a folder or bucket URL; empty: DATA_DIR/blobs")
    job_types: str = Field(default="services.job_types", description="Modules, folders or files of job types")
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes of the embedded platform")
    server: Literal["gunicorn", "waitress"] = Field(default="gunicorn", description="WSGI server of both services")
    web_processes: int = Field(default=2, ge=1, le=32, description="Processes of each service under gunicorn")
    event_streams: int = Field(default=1_000, ge=1, description="Requests of one process that may wait at a time")
    max_queue_depth: int = Field(default=100_000, ge=1, description="Jobs that may wait in one queue")
    worker_grace: float = Field(
        default=25.0, ge=0, allow_inf_nan=False, description="Seconds a stopping worker lets its job go on"
    )
    child_max_jobs: int = Field(default=10_000, ge=1, description="Jobs after which a worker renews its child")
    child_max_mb: int = Field(default=512, ge=64, description="Megabytes beyond which an idle child is renewed")
    webhook_allow: str = Field(default="", description="Hosts and networks that callbacks may name though not public")
    webhook_secret: str = Field(default="", repr=False, description="Signs webhooks; empty: a secret kept in DATA_DIR")
    webhook_pauses: str = Field(
        default="5, 30, 120, 600, 3600, 14400, 36000", description="Seconds before each further try at a webhook"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Log level")

    @field_validator("gateway_public_url", "status_public_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^/?#@\s]+/?", url):
            raise ValueError("write an origin such as https://jobs.example.org")
        return url.rstrip("/")

    @field_validator("api_keys")
    @classmethod
    def _api_keys(cls, text: str) -> str:
        parse_api_keys(text)
        return text

    @field_validator("rate_limit")
    @classmethod
    def _rate_limit(cls, text: str) -> str:
        parse_quota(text)
        return text

    @field_validator("cors_origins")
    @classmethod
    def _cors_origins(cls, text: str) -> str:
        sites = [site.strip() for site in text.lower().split(",") if site.strip()]
        if sites != ["*"] and not all(SITE.fullmatch(site) for site in sites):
            raise ValueError("write * alone, or origins such as https://app.example.org separated by commas")
        return ",".join(sites)

    @field_validator("redis_url")
    @classmethod
    def _store(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://", "valkey://", "valkeys://")):
            raise ValueError("write a URL such as redis://localhost:6379/0")
        return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url

    @field_validator("blob_url")
    @classmethod
    def _files(cls, url: str) -> str:
        scheme, found, _ = url.partition("://")
        if found and scheme not in BUCKETS:
            raise ValueError("write a folder, or a bucket's URL such as s3://bucket/folder")
        return url

    @field_validator("webhook_allow")
    @classmethod
    def _allowed(cls, text: str) -> str:
        Allowed.parse(text)
        return text

    @field_validator("webhook_pauses")
    @classmethod
    def _pauses(cls, text: str) -> str:
        if not re.fullmatch(r"\s*\d+(\.\d+)?\s*(,\s*\d+(\.\d+)?\s*){0,19}", text):
            raise ValueError("write 1 to 20 pauses in seconds such as 5, 30, 120")
        return text

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds to wait after the first, second, … try at a webhook; there is one more try than pauses."""
        return tuple(float(part) for part in self.webhook_pauses.split(","))

    @property
    def allowed(self) -> Allowed:
        """Where callbacks may go although it is not public."""
        return Allowed.parse(self.webhook_allow)

    @property
    def blobs(self) -> str:
        """Where files are kept: BLOB_URL, or a folder in DATA_DIR."""
        return self.blob_url or str((self.data_dir / "blobs").resolve())

    @property
    def waiting_places(self) -> int:
        """How many requests of one process may wait for jobs at a time: on waitress, half of its threads."""
        return min(self.event_streams, WAITRESS_THREADS // 2) if self.server == "waitress" else self.event_streams

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """The API keys; without any, everyone may call."""
        return parse_api_keys(self.api_keys)

    @property
    def quota(self) -> Quota | None:
        """How many jobs one client may submit within a time, or None for any number."""
        return parse_quota(self.rate_limit)

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """The trusted host names, or None for any."""
        return tuple(name.strip() for name in self.trusted_hosts.split(",") if name.strip()) or None


def load_settings() -> Settings:
    """The settings of this environment; raises SettingsError with one sentence for each mistake."""
    try:
        return Settings()
    except ValidationError as error:
        said = [_mistake(str(e["loc"][0]), e["input"], e["msg"]) for e in error.errors()]
        raise SettingsError("; ".join(said)) from None


def _mistake(name: str, value: object, says: str) -> str:
    """What is wrong with a setting; the value of a secret one is not repeated, since this goes into logs."""
    shown = name.upper() if name in SECRET else f"{name.upper()}={value!r}"
    return f"{shown}: {says.removeprefix('Value error, ')}"
