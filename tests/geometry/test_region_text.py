"""Regions as text: what is printed reads back as the same region, and nothing else is read."""

import pytest
import torch

from pinnlite import Ball, Box, Disk, ParseError, Polygon
from pinnlite.geometry.region import Region
from pinnlite.geometry.region_text import read_region

REGIONS = [
    Disk((0, 0), 1),
    Ball((0, 0, 1), 0.5),
    Polygon([(0, 0), (1, 0), (0, 1)]),
    (Disk((0, 0), 1) - Disk((0.3, 0), 0.25)) | Box(x=(0, 1), y=(0, 1)),
    Disk((0, 0), 1) & Polygon([(-2, 0), (2, 0), (2, 2), (-2, 2)]),
    Disk((0, 0), 1) * Box(t=(0, 2)),
    Disk((0, 0), 1, name="rim"),
]


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_what_is_printed_reads_back(region: Region) -> None:
    again = read_region(str(region))
    assert str(again) == str(region)
    assert again.names == region.names
    points = (
        4
        * torch.rand(400, len(region.names), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        - 2
    )
    assert (again.contains(points) == region.contains(points)).all()


def test_numbers_are_expressions() -> None:
    assert str(read_region("Disk((0, -1), pi/4 + 1)")) == str(Disk((0, -1), 1 + torch.pi / 4))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "Disk.__class__",
        "(lambda: 1)()",
        "[Disk((0, 0), 1) for x in (1, 2)]",
        "Disk(*x)",
        "Disk((0, 0), True)",
        "Disk((0, 0), -1)",
        "Disk((0, 0), 1/0)",
        "Disk((0, 0), 1e999)",
        "Disc((0, 0), 1)",
        "Disk",
        "1 + 1",
        "",
        "(",
        "-" * 900 + "1",
        "(" * 500,
        "x" * 2000,
        "Disk((0, 0), 1)\0",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        read_region(text)
