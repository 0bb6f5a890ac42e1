"""image-thumbnails: broken, hostile and foreign files end in a sentence."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.job_types.image_thumbnails import PictureReport, PictureToShrink, image_thumbnails
from services.jobs import File, JobError
from services.jobs.local_job import LocalJob

Shrink = Callable[..., tuple[PictureReport, dict[str, Image.Image]]]
ORIENTATION = 0x0112


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes, bits: int = 8) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_of_900_million_pixels_ends_as_a_job_error(shrink: Shrink) -> None:
    rows = zlib.compress(bytes((30_000 // 8 + 1) * 30_000), 1)
    with pytest.raises(JobError, match="too many pixels: at most 50 million"):
        shrink(png(30_000, 30_000, rows, bits=1))


@pytest.mark.parametrize("side", [7072, 10_000, 12_000])
def test_a_picture_above_the_limit_ends_as_a_job_error_that_names_its_size(side: int, shrink: Shrink) -> None:
    with pytest.raises(JobError, match=f"{side} x {side}"):
        shrink(png(side, side, b""))


def test_a_picture_that_promises_more_than_it_holds_ends_as_a_job_error(shrink: Shrink) -> None:
    with pytest.raises(JobError, match="broken or cut short"):
        shrink(png(100, 100, zlib.compress(bytes(500))))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_truncated_picture_ends_as_a_job_error(kind: str, kept: float, shrink: Shrink) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = encoded(noise, kind)
    with pytest.raises(JobError, match=r"broken or cut short|not a picture"):
        shrink(data[: int(len(data) * kept)])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\0" * 100, "not a picture"),
        (b"GIF89a", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%PDF-1.7 not a picture", "not a picture"),
    ],
)
def test_a_file_that_is_no_picture_ends_as_a_job_error(data: bytes, sentence: str, shrink: Shrink) -> None:
    with pytest.raises(JobError, match=sentence):
        shrink(data)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO"])
def test_formats_that_are_not_listed_end_as_a_job_error(kind: str, shrink: Shrink) -> None:
    with pytest.raises(JobError, match="send a JPEG, PNG, WebP or GIF"):
        shrink(encoded(Image.new("RGB", (80, 40), "teal"), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_damaged_pictures_end_as_a_report_or_a_job_error_and_nothing_else(kind: str, shrink: Shrink) -> None:
    chance = random.Random(kind)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    options = {} if kind == "GIF" else {"exif": exif}
    whole = encoded(Image.effect_noise((60, 60), 60).convert("RGB"), kind, **options)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(min(len(data), chance.choice((64, 400, 10_000))))] = chance.randrange(256)
        try:
            shrink(bytes(data))
        except JobError as error:
            assert str(error)


def test_a_file_that_the_disk_can_not_give_is_not_blamed_on_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(Image.new("RGB", (80, 40), "teal"), "PNG"))
    image = File.at(path, name="picture.png", media_type="image/png")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        image_thumbnails(PictureToShrink(image=image), LocalJob())
