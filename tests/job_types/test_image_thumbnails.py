"""image-thumbnails: right thumbnails of pictures of every kind."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from pydantic import ValidationError

from services.job_types.image_thumbnails import MAX_PIXELS, PictureReport, PictureToShrink, image_thumbnails
from services.jobs import File
from services.jobs.catalogue import discover
from services.jobs.local_job import LocalJob

Shrink = Callable[..., tuple[PictureReport, dict[str, Image.Image]]]

EXAMPLE = Path(__file__).parents[2] / "examples" / "picture.png"
KIND = discover("services.job_types.image_thumbnails")["image-thumbnails"]
ORIENTATION = 0x0112
GPS = 0x8825


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (80, 40)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, (220, 30, 30))
    picture.paste((30, 30, 220), (size[0] // 2, 0, *size))
    return picture.convert(mode)


def reddish(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > pixel[2] + 100


def test_the_example_gets_a_thumbnail_of_each_size(shrink: Shrink) -> None:
    report, pictures = shrink(EXAMPLE.read_bytes(), 1024, 64, 256)
    assert (report.format, report.width, report.height) == ("PNG", 1200, 800)
    assert [(item.width, item.height) for item in report.thumbnails] == [(64, 43), (256, 171), (1024, 683)]
    assert {picture.format for picture in pictures.values()} == {"WEBP"}
    assert len(report.colours) == 5


def test_a_thumbnail_looks_like_the_picture(shrink: Shrink) -> None:
    _, pictures = shrink(EXAMPLE.read_bytes(), 300)
    with Image.open(EXAMPLE) as original:
        expected = original.convert("RGB").resize((300, 200), Image.Resampling.LANCZOS)
    found = pictures["thumbnail-300.webp"].convert("RGB")
    differences = [abs(a - b) for a, b in zip(expected.tobytes(), found.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_format_is_read_whatever_the_file_is_called(kind: str, shrink: Shrink) -> None:
    report = shrink(encoded(halves(), kind))[0]
    assert (report.format, report.width, report.height) == (kind, 80, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "red_at"), [(1, (2, 10)), (3, (60, 10)), (6, (10, 2)), (8, (10, 60))])
def test_pictures_are_turned_upright(kind: str, orientation: int, red_at: tuple[int, int], shrink: Shrink) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    report, pictures = shrink(encoded(halves(), kind, exif=exif), 64)
    assert (report.width, report.height) == ((80, 40) if orientation < 5 else (40, 80))
    pixel = pictures["thumbnail-64.webp"].convert("RGB").getpixel(red_at)
    assert isinstance(pixel, tuple) and reddish(pixel)


def test_small_pictures_are_not_enlarged(shrink: Shrink) -> None:
    report = shrink(encoded(halves(size=(20, 10)), "PNG"))[0]
    assert [(item.width, item.height) for item in report.thumbnails] == [(20, 10), (20, 10)]


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000)])
def test_the_thinnest_pictures_keep_at_least_one_pixel(size: tuple[int, int], shrink: Shrink) -> None:
    report = shrink(encoded(Image.new("RGB", size, "green"), "PNG"))[0]
    assert all(item.width >= 1 and item.height >= 1 for item in report.thumbnails)


def test_the_main_colours_are_those_of_the_picture_the_most_frequent_first(shrink: Shrink) -> None:
    picture = Image.new("RGB", (90, 30), "#1a2b3c")
    picture.paste("#ffcc00", (60, 0, 90, 30))
    assert shrink(encoded(picture, "PNG"))[0].colours[:2] == ["#1a2b3c", "#ffcc00"]


def test_transparent_parts_stay_transparent_and_give_no_colour(shrink: Shrink) -> None:
    picture = Image.new("RGBA", (80, 40), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (40, 0, 80, 40))
    report, pictures = shrink(encoded(picture, "PNG"), 64)
    assert report.colours == ["#0000ff"]
    assert pictures["thumbnail-64.webp"].convert("RGBA").getpixel((5, 16))[3] == 0  # type: ignore[index]


def test_a_wholly_transparent_picture_has_no_colours(shrink: Shrink) -> None:
    assert shrink(encoded(Image.new("RGBA", (8, 8)), "PNG"))[0].colours == []


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_files_of_each_colour_mode_are_read(mode: str, shrink: Shrink) -> None:
    assert shrink(encoded(halves(mode), "PNG"))[0].width == 80


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr"])
def test_jpeg_files_of_each_colour_mode_are_read(mode: str, shrink: Shrink) -> None:
    report = shrink(encoded(halves(mode), "JPEG"))[0]
    assert (report.format, report.width) == ("JPEG", 80)


def test_sixteen_bit_grey_keeps_its_shades(shrink: Shrink) -> None:
    grey = Image.new("I;16", (64, 64), 0x8000)
    assert shrink(encoded(grey, "PNG"))[0].colours == ["#808080"]


def test_of_an_animation_the_first_frame_is_taken(shrink: Shrink) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    for kind in ("GIF", "WEBP"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, lossless=True)
        assert shrink(data)[0].colours == ["#ff0000"]


def test_metadata_is_left_out(shrink: Shrink) -> None:
    exif = Image.Exif()
    exif.get_ifd(GPS)[1] = "N"
    exif[0x010F] = "Camera maker"
    _, pictures = shrink(encoded(halves(), "JPEG", exif=exif, comment=b"home address"))
    for picture in pictures.values():
        assert not picture.getexif() and set(picture.info) <= {"loop", "background", "timestamp", "duration"}


def test_a_colour_profile_is_applied(shrink: Shrink) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmp ").replace(b"bXYZ", b"rXYZ").replace(b"tmp ", b"bXYZ")
    plain = Image.new("RGB", (64, 64), "#ff0000")
    assert shrink(encoded(plain, "PNG", icc_profile=srgb))[0].colours == ["#ff0000"]
    (blue,) = shrink(encoded(plain, "PNG", icc_profile=swapped))[0].colours
    assert int(blue[5:], 16) > 250 > 10 > int(blue[1:3], 16)


@pytest.mark.parametrize("profile", [b"not a profile", b"\0" * 128])
def test_a_broken_colour_profile_is_passed_over(profile: bytes, shrink: Shrink) -> None:
    plain = Image.new("RGB", (64, 64), "#c83c28")
    assert shrink(encoded(plain, "PNG", icc_profile=profile))[0].colours == ["#c83c28"]


def test_progress_is_told_after_each_thumbnail() -> None:
    job = LocalJob()
    image = File.at(EXAMPLE, name="picture.png", media_type="image/png")
    image_thumbnails(PictureToShrink(image=image, sizes=[16, 32, 48, 64]), job)
    assert job.fractions == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's address space")
@pytest.mark.parametrize(("kind", "megabytes"), [("WEBP", None), ("JPEG", 200)])
def test_the_largest_pictures_fit_into_memory(kind: str, megabytes: int | None, tmp_path: Path) -> None:
    path = tmp_path / "large"
    picture = Image.linear_gradient("L").resize((8000, MAX_PIXELS // 8000))
    picture.convert("RGBA" if kind == "WEBP" else "RGB").save(path, kind, quality=10, method=0)
    limit = megabytes or KIND.memory_mb
    program = (
        "import resource, sys; from pathlib import Path; from services.jobs import File;"
        "from services.jobs.local_job import LocalJob; from services.job_types import image_thumbnails as m;"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit << 20}, {limit << 20}));"
        "image = File.at(Path(sys.argv[1]), name='large', media_type='image/webp');"
        "print(m.image_thumbnails(m.PictureToShrink(image=image, sizes=[64]), LocalJob()).width)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("8000", "")


@pytest.mark.parametrize("sizes", [[], [0], [4097], [64, 64], list(range(1, 12)), ["wide"]])
def test_sizes_outside_their_bounds_are_refused(sizes: list[object]) -> None:
    image = File.at(EXAMPLE, name="picture.png", media_type="image/png")
    with pytest.raises(ValidationError):
        PictureToShrink.model_validate({"image": image, "sizes": sizes})
