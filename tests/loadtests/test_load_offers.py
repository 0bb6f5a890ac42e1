"""Learning the job types from the gateway, and making submissions of their examples."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from loadtests.catalogue import fetch, learn
from loadtests.errors import LoadTestError
from loadtests.offer import ExampleFile, Offer, make_offer

GATEWAY = "http://gateway:8000"
PICTURE = b"\x89PNG\r\n\r\n--\x00\xff"
TYPES: dict[str, dict[str, Any]] = {
    "image-thumbnails": {
        "example": {"sizes": [64, 256], "note": "é"},
        "example_files": {
            "image": {
                "name": "picture.png",
                "media_type": "image/png",
                "url": "https://jobs.example.org/v1/job-types/image-thumbnails/examples/image",
            }
        },
    },
    "simulate": {"example": {"seconds": 2, "steps": 4}, "example_files": {}},
}


class Gateway:
    """Answers as the gateway does, and keeps what it was asked."""

    def __init__(self) -> None:
        listing = {"job_types": [{"name": name} for name in TYPES]}
        self.asked: list[str] = []
        self.bodies = {f"{GATEWAY}/v1/job-types": json.dumps(listing).encode()}
        self.bodies |= {f"{GATEWAY}/v1/job-types/{name}": json.dumps(kind).encode() for name, kind in TYPES.items()}
        self.bodies[f"{GATEWAY}/v1/job-types/image-thumbnails/examples/image"] = PICTURE

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self.bodies[url]


@contextmanager
def received(offer: Offer) -> Iterator[Request]:
    """The submission as a server that reads forms understands it."""
    builder = EnvironBuilder(method="POST", data=offer.body, content_type=offer.content_type)
    with closing(builder), Request(builder.get_environ()) as request:
        yield request


def test_there_is_an_offer_for_each_job_type() -> None:
    assert [offer.job_type for offer in learn(GATEWAY, {}, {}, Gateway().fetch)] == list(TYPES)


def test_example_files_come_from_the_gateway_under_test_whatever_its_public_name() -> None:
    gateway = Gateway()
    learn(GATEWAY, {"image-thumbnails": 1}, {}, gateway.fetch)
    assert gateway.asked[-1] == f"{GATEWAY}/v1/job-types/image-thumbnails/examples/image"


def test_an_example_without_files_is_sent_as_json_and_simulate_is_made_quick() -> None:
    (offer,) = learn(GATEWAY, {"simulate": 1}, {}, Gateway().fetch)
    assert offer.content_type == "application/json"
    assert json.loads(offer.body) == {"seconds": 0.2, "steps": 4}


def test_an_example_with_files_is_sent_as_multipart_that_a_server_reads_back_whole() -> None:
    (offer,) = learn(GATEWAY, {"image-thumbnails": 1}, {}, Gateway().fetch)
    with received(offer) as request:
        assert request.form.getlist("sizes") == ["64", "256"]
        assert request.form["note"] == "é"
        file = request.files["image"]
        assert (file.filename, file.mimetype, file.read()) == ("picture.png", "image/png", PICTURE)


def test_values_other_than_text_are_written_in_a_form_as_in_json() -> None:
    offer = make_offer("x", {"deep": True, "rate": 0.5}, {"file": ExampleFile("a", "text/plain", b"")})
    with received(offer) as request:
        assert request.form.to_dict() == {"deep": "true", "rate": "0.5"}


def test_inputs_change_single_fields_of_an_example() -> None:
    (offer,) = learn(GATEWAY, {"simulate": 1}, {"simulate": {"seconds": 9}}, Gateway().fetch)
    assert json.loads(offer.body) == {"seconds": 9, "steps": 4}


def test_a_weight_goes_with_its_offer() -> None:
    offers = learn(GATEWAY, {"simulate": 3, "image-thumbnails": 1}, {}, Gateway().fetch)
    assert {offer.job_type: offer.weight for offer in offers} == {"image-thumbnails": 1, "simulate": 3}


@pytest.mark.parametrize(("weights", "inputs"), [({"simulat": 1}, {}), ({}, {"simulat": {}})])
def test_a_job_type_that_does_not_exist_is_named_with_those_that_do(
    weights: dict[str, int], inputs: dict[str, dict[str, Any]]
) -> None:
    with pytest.raises(LoadTestError, match="no job type simulat; the platform has image-thumbnails, simulate"):
        learn(GATEWAY, weights, inputs, Gateway().fetch)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff", b"{}", b'{"job_types": 3}', b'{"job_types": [{}]}'])
def test_an_answer_that_is_not_the_gateways_is_told_in_a_sentence(body: bytes) -> None:
    with pytest.raises(LoadTestError, match=r"/v1/job-types did not answer .*: is this the gateway\?"):
        learn(GATEWAY, {}, {}, lambda url: body)


def test_a_job_type_that_is_described_otherwise_is_told_in_a_sentence() -> None:
    gateway = Gateway()
    gateway.bodies[f"{GATEWAY}/v1/job-types/simulate"] = b'{"example": {}, "example_files": {"image": "picture.png"}}'
    with pytest.raises(LoadTestError, match="/v1/job-types/simulate did not answer"):
        learn(GATEWAY, {"simulate": 1}, {}, gateway.fetch)


def test_a_gateway_out_of_reach_is_told_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(LoadTestError, match=r"can't be reached at .* start the platform"):
            fetch(f"http://127.0.0.1:{port}/v1/job-types")


def test_an_address_that_is_no_url_is_told_in_a_sentence() -> None:
    with pytest.raises(LoadTestError, match="can't be reached at localhost"):
        fetch("localhost/v1/job-types")
