"""Thumbnails of a picture in WebP, with its true size and its main colours."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, field_validator

from services.jobs import File, JobError, RunningJob, file_field, job_type

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PIXELS = 50_000_000
"""What a decoder may be asked for; WebP needs the most memory, some 16 bytes a pixel."""

COLOURS = 5
SAMPLE = 100
SIDEWAYS = frozenset({5, 6, 7, 8})
"""Values of EXIF's Orientation (tag 274) that turn a picture by a quarter."""

Side = Annotated[int, Field(ge=1, le=4096)]


class PictureToShrink(BaseModel):
    """A picture, and how large its thumbnails shall be."""

    image: File = file_field(
        accepts=("image/jpeg", "image/png", "image/webp", "image/gif"),
        max_bytes=20_000_000,
        description="A JPEG, PNG, WebP or GIF picture of at most 20 MB and 50 million pixels",
    )
    sizes: list[Side] = Field(
        default=[64, 256, 1024],
        min_length=1,
        max_length=10,
        description="The longer side of each thumbnail, in pixels; each size once",
        json_schema_extra={"uniqueItems": True},
    )

    @field_validator("sizes")
    @classmethod
    def _each_once(cls, sizes: list[int]) -> list[int]:
        if len(set(sizes)) < len(sizes):
            raise ValueError("name each size once")
        return sizes


class Thumbnail(BaseModel):
    """One thumbnail; the file of that name is among the job's files."""

    name: str = Field(description="Name of the WebP file")
    width: int = Field(description="Width in pixels")
    height: int = Field(description="Height in pixels")
    bytes: int = Field(description="Size of the file in bytes")


class PictureReport(BaseModel):
    """What the picture is, and its thumbnails."""

    format: str = Field(description="What the file really is: JPEG, PNG, WEBP or GIF")
    width: int = Field(description="Width in pixels, held upright")
    height: int = Field(description="Height in pixels, held upright")
    colours: list[str] = Field(description="Up to five main colours such as #1a2b3c, the most frequent first")
    thumbnails: list[Thumbnail] = Field(description="The thumbnails, the smallest first")


@job_type(
    example={"sizes": [64, 256, 1024]},
    example_files={"image": "../../examples/picture.png"},
    timeout=120,
    max_attempts=2,
    memory_mb=1536,
    max_body=10_000,
)
def image_thumbnails(inputs: PictureToShrink, job: RunningJob) -> PictureReport:
    """Make WebP thumbnails of a picture, and tell its size and main colours.

    Pictures are turned upright as EXIF says, converted to sRGB and never enlarged; of an animation
    the first frame is taken. Metadata, such as where a photograph was taken, is left out.
    """
    with _broken_pictures_refused(), _open(inputs.image) as picture:
        width, height = _checked_size(picture)
        picture.draft(None, (max(inputs.sizes), max(inputs.sizes)))
        picture.load()
        if picture.getexif().get(274) in SIDEWAYS:
            width, height = height, width
        upright = _upright(picture, max(inputs.sizes))
    thumbnails = []
    for done, side in enumerate(sorted(inputs.sizes), start=1):
        thumbnails.append(_save(upright, side, job))
        job.progress(done / len(inputs.sizes), f"{side} pixels")
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)
    return PictureReport(format=kind, width=width, height=height, colours=_main_colours(upright), thumbnails=thumbnails)


@contextmanager
def _broken_pictures_refused() -> Iterator[None]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about bad metadata, which is not used
            yield
    except (JobError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise JobError(f"the picture has too many pixels: at most {MAX_PIXELS // 10**6} million are taken") from None
    except UnidentifiedImageError:
        raise JobError("the file is not a picture that can be read: send a JPEG, PNG, WebP or GIF file") from None
    except Exception as error:  # a broken file makes Pillow raise nearly anything
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, and not the picture
        raise JobError(f"the picture is broken or cut short ({error}): save it anew and send it again") from error


def _open(image: File) -> "Picture":
    from PIL import Image

    if image.size == 0:
        raise JobError("the file is empty: send a JPEG, PNG, WebP or GIF file")
    return Image.open(image.path, formats=FORMATS)


def _checked_size(picture: "Picture") -> tuple[int, int]:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise JobError(
            f"the picture is {width} x {height} = {width * height / 10**6:.1f} million pixels: "
            f"at most {MAX_PIXELS // 10**6} million are taken"
        )
    return width, height


def _upright(picture: "Picture", side: int) -> "Picture":
    """The picture in sRGB, at most `side` pixels long, turned as EXIF says."""
    from PIL import Image, ImageOps

    profile = picture.info.get("icc_profile") if picture.mode in ("RGB", "RGBA") else None
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    small = picture if picture.mode == mode else _eight_bits(picture).convert(mode)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    small = ImageOps.exif_transpose(small)
    return _in_srgb(small, profile) if profile else small


def _eight_bits(picture: "Picture") -> "Picture":
    """A 16-bit grey picture with 8 bits; Pillow's own conversion makes all above 255 white."""
    return picture.point(lambda value: value / 256, "L") if picture.mode == "I;16" else picture


def _in_srgb(picture: "Picture", profile: bytes) -> "Picture":
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return picture  # a profile that can't be used: the colours as they are
    return converted or picture


def _save(upright: "Picture", side: int, job: RunningJob) -> Thumbnail:
    from PIL import Image

    small = upright.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    small.save(encoded, "WEBP", quality=80)
    name = f"thumbnail-{side}.webp"
    with job.save_file(name, "image/webp") as file:
        file.write(encoded.getvalue())
    return Thumbnail(name=name, width=small.width, height=small.height, bytes=encoded.tell())


def _main_colours(upright: "Picture") -> list[str]:
    from PIL import Image

    sample = upright.copy()
    sample.thumbnail((SAMPLE, SAMPLE))
    pixels = sample.convert("RGBA").tobytes()
    seen = b"".join(pixels[at : at + 3] for at in range(0, len(pixels), 4) if pixels[at + 3] > 127)
    if not seen:
        return []
    strip = Image.frombytes("RGB", (len(seen) // 3, 1), seen)
    reduced = strip.quantize(COLOURS, Image.Quantize.MEDIANCUT)
    palette = reduced.getpalette() or []
    counts: list[tuple[int, int]] = sorted(reduced.getcolors() or [], reverse=True)  # type: ignore[arg-type]
    return ["#" + bytes(palette[3 * index : 3 * index + 3]).hex() for _, index in counts]
