"""Result files: streamed, in ranges, under safe names (RFC 9110, 13 and 14; RFC 6266)."""

import re

from tests.conformance.kit.checks import absolute, problem, same, status_is
from tests.conformance.kit.client import Client, Document, Job, taken
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.samples import multipart, picture


def _job_with_files(client: Client, file_name: str = "holiday.png") -> Job:
    kind, body = multipart([("image", file_name, "image/png", picture(320, 240))])
    job = client.end_of(taken(client.post("image-thumbnails", kind, body)))
    same(job.document["state"], "succeeded", f"state ({job.document.get('error')})")
    assert job.document.get("files"), f"a job that makes thumbnails lists no files: {job.document}"
    return job


def _first(client: Client) -> tuple[Document, Reply]:
    entry: Document = _job_with_files(client).document["files"][0]
    return entry, status_is(client.get(entry["url"]), 200)


@rule("A job's files are listed with name, media type, size and an absolute URL on status.")
def files_are_listed(client: Client) -> None:
    job = _job_with_files(client)
    for entry in job.document["files"]:
        same(set(entry), {"name", "media_type", "size", "url"}, "members of a file")
        absolute(entry["url"], client.status)
        assert entry["url"].startswith(f"{job.location}/files/"), entry["url"]
        reply = status_is(client.get(entry["url"]), 200)
        same(len(reply.body), entry["size"], f"bytes of {entry['name']}")
        same(reply.media_type, entry["media_type"], f"Content-Type of {entry['name']}")


@rule("A file comes with Content-Length, ETag, Accept-Ranges: bytes and Content-Disposition with its name.")
def file_headers(client: Client) -> None:
    entry, reply = _first(client)
    same(reply.headers.get("Content-Length"), str(entry["size"]), "Content-Length")
    same(reply.headers.get("Accept-Ranges"), "bytes", "Accept-Ranges")
    assert re.fullmatch(r'(W/)?"[\x21\x23-\x7e]+"', reply.headers.get("ETag")), f"ETag is {reply.headers.get('ETag')!r}"
    said = reply.headers.get("Content-Disposition")
    assert re.match(r"(attachment|inline)\b", said) and entry["name"] in said, f"Content-Disposition is {said!r}"


@rule("A range gives 206 with exactly those bytes, from the front, the middle and the end.")
def ranges(client: Client) -> None:
    entry, whole = _first(client)
    size = entry["size"]
    cases = {
        "0-9": (0, 9),
        "5-5": (5, 5),
        f"{size - 4}-": (size - 4, size - 1),
        "-3": (size - 3, size - 1),
        f"2-{size * 9}": (2, size - 1),
        f"-{size * 9}": (0, size - 1),
    }
    for asked, (first, last) in cases.items():
        reply = client.get(entry["url"], {"Range": f"bytes={asked}"})
        assert reply.status == 206, f"Range: bytes={asked} got {reply.status}"
        same(reply.headers.get("Content-Range"), f"bytes {first}-{last}/{size}", f"Content-Range of {asked}")
        same(reply.body, whole.body[first : last + 1], f"the bytes of {asked}")
        same(reply.headers.get("ETag"), whole.headers.get("ETag"), "the ETag of a part")


@rule("A range beyond the end gives 416, which says how long the file is.")
def unsatisfiable_ranges(client: Client) -> None:
    entry, _ = _first(client)
    for asked in (f"bytes={entry['size']}-", f"bytes={entry['size'] + 5}-{entry['size'] + 9}", "bytes=-0"):
        reply = client.get(entry["url"], {"Range": asked})
        problem(reply, 416)
        same(reply.headers.get("Content-Range"), f"bytes */{entry['size']}", f"Content-Range of {asked}")


@rule("A range that is not understood is ignored: 200 with the whole file.")
def ignored_ranges(client: Client) -> None:
    entry, whole = _first(client)
    for asked in ("bytes=9-2", "bytes=a-b", "lines=1-2", "bytes", "bytes=", "bytes=-", "bytes=1.5-2", "bytes=+1-2"):
        reply = client.get(entry["url"], {"Range": asked})
        assert reply.status == 200, f"Range: {asked} got {reply.status}"
        same(reply.body, whole.body, f"the file for Range: {asked}")


@rule("Several ranges at once give 206 in parts, or the whole file; many tiny ones are no trouble.")
def several_ranges(client: Client) -> None:
    entry, whole = _first(client)
    reply = status_is(client.get(entry["url"], {"Range": "bytes=0-1,4-5"}), 200, 206)
    if reply.status == 206:
        same(reply.media_type, "multipart/byteranges", "Content-Type")
        assert whole.body[4:6] in reply.body, "the second part is missing"
    many = "bytes=" + ",".join(f"{start}-{start}" for start in range(0, 400, 2))
    status_is(client.get(entry["url"], {"Range": many}), 200, 206, 416)


@rule("If-Range with the file's ETag gives the part; with another, the whole file.")
def if_range(client: Client) -> None:
    entry, whole = _first(client)
    etag = whole.headers.get("ETag")
    assert not etag.startswith("W/"), "If-Range needs a strong ETag (RFC 9110, 13.1.5)"
    part = status_is(client.get(entry["url"], {"Range": "bytes=0-3", "If-Range": etag}), 206)
    same(part.body, whole.body[:4], "the part")
    for other in ('"other"', f"W/{etag}", "Wed, 01 Jan 2020 00:00:00 GMT"):
        reply = client.get(entry["url"], {"Range": "bytes=0-3", "If-Range": other})
        assert reply.status == 200, f"If-Range: {other} got {reply.status}"


@rule("If-None-Match on a file gives 304; If-Match with another ETag gives 412.")
def file_conditions(client: Client) -> None:
    entry, whole = _first(client)
    status_is(client.get(entry["url"], {"If-None-Match": whole.headers.get("ETag")}), 304)
    status_is(client.get(entry["url"], {"If-None-Match": whole.headers.get("ETag"), "Range": "bytes=0-1"}), 304)
    status_is(client.get(entry["url"], {"If-None-Match": '"other"'}), 200)
    status_is(client.get(entry["url"], {"If-Match": '"other"'}), 412, 200)


@rule("HEAD on a file gives its headers without its bytes.")
def head_of_a_file(client: Client) -> None:
    entry, whole = _first(client)
    head = status_is(client.send("HEAD", entry["url"]), 200)
    for name in ("Content-Length", "Content-Type", "ETag", "Content-Disposition", "Accept-Ranges"):
        same(head.headers.get(name), whole.headers.get(name), name)
    same(head.body, b"", "the body")


@rule("A hostile name of an uploaded file gets into no name, no header and no path.")
def hostile_names(client: Client) -> None:
    for name in (
        "../../etc/passwd.png",
        'x\\"; filename=\\"evil.html',
        "..\\\\..\\\\boot.png",
        "a\x7f;b.png",
        "é☃.png",
    ):
        job = _job_with_files(client, name)
        for entry in job.document["files"]:
            assert not re.search(r'[/\\"\x00-\x1f\x7f]|^\.', entry["name"]), f"a file is named {entry['name']!r}"
            reply = status_is(client.get(entry["url"]), 200)
            said = reply.headers.get("Content-Disposition")
            assert "../" not in said and "evil.html" not in re.sub(r'"[^"]*"', "", said), (
                f"Content-Disposition is {said!r}"
            )


@rule("A path in the place of a file's name is 404, never another file.")
def no_paths(client: Client) -> None:
    job = _job_with_files(client)
    names = (
        "nothing.png",
        "..%2f..%2f..%2fetc%2fpasswd",
        "../../../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "%2fetc%2fpasswd",
        "..%5c..%5cboot.ini",
        "%00",
        ".",
        "..",
        "",
        "a" * 3000,
    )
    for name in names:
        reply = client.get(f"{job.location}/files/{name}")
        assert reply.status == 404, f"/files/{name[:40]} got {reply.status}"
        assert b"root:" not in reply.body
        problem(reply, 404)


@rule("A file that a browser would run is never shown inline: nosniff, and a disposition or a sandbox.")
def files_are_harmless(client: Client) -> None:
    _, reply = _first(client)
    same(reply.headers.get("X-Content-Type-Options"), "nosniff", "X-Content-Type-Options")
    policy = reply.headers.get("Content-Security-Policy")
    attached = reply.headers.get("Content-Disposition").startswith("attachment")
    assert attached or "sandbox" in policy or "default-src 'none'" in policy, "shown inline without a sandbox"
