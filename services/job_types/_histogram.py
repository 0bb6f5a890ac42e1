"""A histogram as a PNG picture."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Draw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH, HEIGHT = 640, 360
LEFT, TOP, RIGHT, BOTTOM = 72, 48, 616, 320
INK, FAINT, BAR = (44, 52, 72), (222, 226, 234), (82, 112, 178)


def histogram_png(title: str, low: float, high: float, bars: Sequence[int]) -> bytes:
    """The histogram of values from `low` to `high`; `bars` are the counts of its equal steps."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    draw.text((LEFT, 14), title, INK, ImageFont.load_default(17))
    most = max(bars)
    for count in sorted({0, most // 2, most}):
        y = BOTTOM - (BOTTOM - TOP) * count / most
        draw.line((LEFT, y, RIGHT, y), FAINT)
        draw.text((LEFT - 8, y), f"{count:,}", INK, font, anchor="rm")
    step = (RIGHT - LEFT) / len(bars)
    for index, count in enumerate(bars):
        left, top = LEFT + index * step, BOTTOM - (BOTTOM - TOP) * count / most
        if count:
            draw.rectangle((round(left) + 1, min(round(top), BOTTOM - 1), round(left + step) - 1, BOTTOM), BAR)
    draw.line((LEFT, BOTTOM, RIGHT, BOTTOM), INK)
    _label_axis(draw, font, low, high)
    encoded = io.BytesIO()
    picture.quantize(32).save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def _label_axis(draw: "Draw", font: "FreeTypeFont | ImageFont", low: float, high: float) -> None:
    if low == high:
        draw.text(((LEFT + RIGHT) / 2, BOTTOM + 8), f"{low:.6g}", INK, font, anchor="mt")
        return
    for x, value, anchor in ((LEFT, low, "lt"), ((LEFT + RIGHT) / 2, (low + high) / 2, "mt"), (RIGHT, high, "rt")):
        draw.text((x, BOTTOM + 8), f"{value:.6g}", INK, font, anchor=anchor)
