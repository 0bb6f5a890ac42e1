"""Signatures as Standard Webhooks 1.0 asks for them: HMAC-SHA256 over id, timestamp and body."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from services.jobs.settings import Settings, SettingsError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
FILE = "webhook-secret"


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The webhook-signature: one signature for each key, so that receivers can change theirs when it suits them."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def read_secrets(text: str, where: str) -> tuple[bytes, ...]:
    """The keys in `text`, secrets separated by blanks or commas; raises SettingsError, which quotes no secret."""
    found = tuple(_key(secret) for secret in text.replace(",", " ").split())
    if not found or not all(SHORTEST <= len(key) <= LONGEST for key in found):
        wanted = f"{PREFIX} and the base64 of {SHORTEST} to {LONGEST} random bytes"
        raise SettingsError(f"{where} does not hold secrets, each of them {wanted}")
    return found


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except binascii.Error:
        return b""


def load_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys to sign with, newest first: of WEBHOOK_SECRET, else of a file in DATA_DIR, made when missing."""
    if settings.webhook_secret:
        return read_secrets(settings.webhook_secret, "WEBHOOK_SECRET")
    path = settings.data_dir / FILE
    try:
        if not path.exists():
            _make(path)
        return read_secrets(path.read_text(encoding="ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be used ({error}): set WEBHOOK_SECRET, or DATA_DIR to a folder") from None


def new_secret() -> str:
    """A new secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _make(path: Path) -> None:
    """Make the file, whole and once, whoever else does so at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{new_secret()}\n")
        if not path.exists():
            os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
