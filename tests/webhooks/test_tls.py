"""Tries over TLS: the certificate has to be the name's, whatever address is connected to."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.embedded.receiver import Receiver
from services.webhooks.posting import Answer
from tests.webhooks.test_posting import SECRET, post


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.example.org that nobody has signed but itself, with its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "hooks.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hooks"]
    command += ["-addext", "subjectAltName=DNS:hooks.example.org", "-keyout", f"{file}.key", "-out", str(file)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl to make a certificate")
    file.write_text(file.read_text() + Path(f"{file}.key").read_text())
    return file


@pytest.fixture
def secure(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Receiver([SECRET], tls=context) as listening:
        yield listening


def test_over_tls_the_certificate_is_checked_for_the_name(secure: Receiver, certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    assert post(f"https://hooks.example.org:{secure.server_port}/", trust) == Answer(204)
    assert secure.received[0].headers["host"] == f"hooks.example.org:{secure.server_port}"
    answer = post(f"https://other.example.org:{secure.server_port}/", trust)
    assert answer.status == 0 and "certificate was not accepted: Hostname mismatch" in answer.error
    answer = post(f"https://127.0.0.1:{secure.server_port}/", trust)
    assert answer.status == 0 and "certificate was not accepted: IP address mismatch" in answer.error
    assert len(secure.received) == 1


def test_over_tls_a_certificate_that_nobody_vouches_for_is_not_accepted(secure: Receiver) -> None:
    answer = post(f"https://hooks.example.org:{secure.server_port}/")
    assert answer.status == 0 and "certificate was not accepted: self" in answer.error
    assert secure.received == []


def test_https_to_a_port_that_speaks_http_is_said_in_a_sentence() -> None:
    with Receiver([SECRET]) as plain:
        assert post(f"https://hooks.example.org:{plain.server_port}/") == Answer(0, "the TLS handshake failed")
