"""Draw picture.png and write table.csv anew, always the same: python examples/make_examples.py [folder].

It needs Pillow. text.txt was written by hand.
"""

import csv
import math
import random
import sys
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT, HORIZON = 1200, 800, 520
FINE = 2
"""The picture is drawn this many times larger, then shrunk, so that edges are smooth."""

SKY = ((0.0, (38, 54, 102)), (0.45, (128, 106, 150)), (0.75, (240, 160, 130)), (1.0, (255, 222, 160)))
SUN = (800, 405, 46)
RIDGES = (  # base line, height of the hills, their width, shift, colour
    (470, 95, 310, 0.4, (150, 120, 158)),
    (492, 80, 210, 2.1, (108, 92, 140)),
    (508, 60, 150, 4.0, (70, 66, 112)),
    (522, 38, 105, 1.2, (40, 44, 80)),
)
SHORE = (16, 24, 44)
FIRST_DAY, DAYS = date(2025, 4, 1), 122
HIVES = (("Orchard", 31.5), ("Lime walk", 28.2), ("Heath", 34.0))


def draw_picture() -> Image.Image:
    """A lake between hills at sunset."""
    upper = _sky()
    draw = ImageDraw.Draw(upper)
    for ridge in RIDGES:
        draw.polygon(_outline(*ridge[:4]), fill=ridge[4])
    scene = upper.resize((WIDTH, HORIZON), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.paste(scene)
    picture.paste(_lake(scene), (0, HORIZON))
    return _with_shore(picture)


def _sky() -> Image.Image:
    column = Image.new("RGB", (1, HORIZON * FINE))
    for y in range(column.height):
        column.putpixel((0, y), _blend(SKY, y / column.height))
    sky = column.resize((WIDTH * FINE, HORIZON * FINE))
    x, y, radius = (value * FINE for value in SUN)
    glow = Image.new("RGB", (WIDTH // 4, HORIZON // 4))
    middle = [value // (4 * FINE) for value in (x - 3 * radius, y - 3 * radius, x + 3 * radius, y + 3 * radius)]
    ImageDraw.Draw(glow).ellipse(middle, fill=(96, 64, 30))
    sky = ImageChops.add(sky, glow.filter(ImageFilter.GaussianBlur(22)).resize(sky.size, Image.Resampling.BICUBIC))
    ImageDraw.Draw(sky).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 240, 206))
    return sky


def _blend(stops: tuple[tuple[float, tuple[int, int, int]], ...], at: float) -> tuple[int, int, int]:
    for (start, dark), (end, light) in pairwise(stops):
        if at <= end:
            part = (at - start) / (end - start)
            red, green, blue = (round(a + (b - a) * part) for a, b in zip(dark, light, strict=True))
            return red, green, blue
    return stops[-1][1]


def _outline(base: int, height: int, width: int, shift: float) -> list[tuple[float, float]]:
    points = []
    for x in range(0, WIDTH + 4, 4):
        wave = math.sin(x / width + shift) + 0.5 * math.sin(2.3 * x / width + 2 * shift)
        wave += 0.18 * math.sin(7.1 * x / width + shift) + 0.07 * math.sin(17.3 * x / width)
        points.append((x * FINE, (base - height * (wave + 1.2) / 2.4) * FINE))
    return [(0, HORIZON * FINE), *points, (WIDTH * FINE, HORIZON * FINE)]


def _lake(scene: Image.Image) -> Image.Image:
    depth = HEIGHT - HORIZON
    mirrored = scene.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    lake = Image.new("RGB", (WIDTH, depth))
    for y in range(depth):
        source = round(y * 1.55 + 2.2 * math.sin(y * y / 190 + y / 3))
        sway = round((1 + y / 26) * math.sin(900 / (y + 14)))
        line = mirrored.crop((0, max(0, source), WIDTH, max(0, source) + 1))
        lake.paste(line, (0, y))
        lake.paste(line, (sway, y))
    return Image.blend(lake, Image.new("RGB", lake.size, (24, 40, 82)), 0.34)


def _with_shore(picture: Image.Image) -> Image.Image:
    mask = Image.new("L", (WIDTH * FINE, HEIGHT * FINE))
    draw = ImageDraw.Draw(mask)
    bank = [(x * FINE, (712 + 0.16 * x + 7 * math.sin(x / 47)) * FINE) for x in range(0, 604, 4)]
    draw.polygon([(0, HEIGHT * FINE), *bank], fill=255)
    for x, height in ((40, 330), (104, 420), (178, 290), (236, 370), (318, 230), (392, 170)):
        _fir(draw, x * FINE, (722 + 0.16 * x) * FINE, height * FINE)
    picture.paste(SHORE, mask=mask.resize(picture.size, Image.Resampling.LANCZOS))
    return picture


def _fir(draw: ImageDraw.ImageDraw, x: float, foot: float, height: float) -> None:
    draw.rectangle((x - height * 0.012, foot - height * 0.2, x + height * 0.012, foot + 20), fill=255)
    for tier in range(9):
        top = foot - height * (1 - tier * 0.096)
        half = height * (0.035 + tier * 0.0165)
        low = top + height * 0.155
        draw.polygon([(x, top), (x + half, low), (x, low - height * 0.02), (x - half, low)], fill=255)


def table_rows() -> list[list[str]]:
    """Made-up readings of three beehives on scales, one a day each, from April to July 2025."""
    chance = random.Random(1742)
    rows = [["measured_on", "hive", "weight_kg", "temperature_c", "humidity_percent", "bees_in", "raining", "note"]]
    weights = dict(HIVES)
    for day in range(DAYS):
        warmth = 11 + 9 * math.sin((day - 12) / 75) + chance.gauss(0, 2.4)
        rain = chance.random() < 0.24
        for hive in weights:
            flow = max(0.0, warmth - 13) * (0.01 if rain else 0.058) * math.exp(-(((day - 68) / 34) ** 2))
            weights[hive] += flow - 0.06 + chance.gauss(0, 0.05)
            rows.append([_day(day), hive, *_reading(chance, weights[hive], warmth, rain)])
            weights[hive] -= 11.5 if day == 95 else 0  # the honey is taken
    return rows


def _day(day: int) -> str:
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def _reading(chance: random.Random, weight: float, warmth: float, rain: bool) -> list[str]:
    humidity = min(99, max(31, round(chance.gauss(84 if rain else 58, 8))))
    bees = max(0, round((warmth - 8) * 310 * (0.25 if rain else 1) * chance.uniform(0.8, 1.2)))
    failed = chance.random() < 0.035
    return [
        f"{weight:.2f}",
        "" if failed else f"{warmth + chance.gauss(0, 0.4):.1f}",
        "" if failed else str(humidity),
        str(bees),
        "true" if rain else "false",
        "sensor silent, battery changed" if failed else _note(chance),
    ]


def _note(chance: random.Random) -> str:
    seen = ("queen seen", "new frame added", 'keeper wrote "calm"', "swarm cell, removed", "mite count low")
    return chance.choice(seen) if chance.random() < 0.09 else ""


def main(folder: Path) -> None:
    """Write both files into `folder`."""
    draw_picture().save(folder / "picture.png", optimize=True)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table_rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
