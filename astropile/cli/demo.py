"""``astropile demo``: the main job on data that ship with the package, then on mock images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astropile.document import read_document
from astropile.errors import OutputError
from astropile.vocabulary import data_path

if TYPE_CHECKING:
    from rich.console import Console

#: Objects of the mock surveys; a few seconds on two cores.
MOCK_OBJECTS = 120


def run_demo(output: Path, console: Console) -> list[Path]:
    """Match real catalogues and mock images, print tables, write pictures.

    Parameters
    ----------
    output : Path
        Folder for pictures and data sets; made if absent.
    console : Console
        Where tables are printed.

    Returns
    -------
    list of Path
        Everything that was written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot make the folder: {error.strerror}"
        hint = "choose a folder that can be written and has space"
        raise OutputError(what, where=str(output), hint=hint) from error
    # Which surveys the tour shows is data, like everything that knows a survey.
    tour = read_document(data_path("demo") / "tour.yaml").data
    written = [*_real(tour["real"], output, console), *_mock(tour["mock"], output, console)]
    console.print("\n[bold]Written[/bold]")
    for path in written:
        console.print(f"  {path}")
    return written


def _real(tour: Mapping[str, Any], output: Path, console: Console) -> list[Path]:
    """Match the excerpts that ship and compare the count with astropy's."""
    from astropile.crossmatch import cross_match
    from astropile.plot import separation_histogram, sky_map
    from astropile.survey import load

    console.rule(f"Real data: {tour['title']}")
    folder = data_path("demo")
    left, right = (load(tour[side], data_dir=folder) for side in ("left", "right"))
    result = cross_match(left, right, radius_arcsec=1.0)
    console.print(repr(result))
    catalog = result.catalog()
    console.print(catalog[:5])
    expected = _astropy_count(left.catalog(), right.catalog())
    verdict = "equal" if expected == len(result) else "DIFFERENT"
    console.print(f"pairs within 1 arcsec: {len(result)}; astropy: {expected} ({verdict})")
    title = f"{tour['title']}: {len(result):,} pairs"
    pictures = {
        "separations.png": separation_histogram(
            result.separation_arcsec, radius_arcsec=1.0, title=title
        ),
        "sky.png": sky_map(catalog["ra"], catalog["dec"], title=title),
    }
    for name, figure in pictures.items():
        figure.savefig(output / name)
    return [output / name for name in pictures]


def _astropy_count(left: object, right: object) -> int:
    """Count the left rows with a counterpart as astropy does it."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    a, b = (SkyCoord(t["ra"], t["dec"], unit="deg") for t in (left, right))  # type: ignore[index]
    _, separation, _ = a.match_to_catalog_sky(b)
    return int((separation <= 1.0 * u.arcsec).sum())


def _mock(tour: Mapping[str, Any], output: Path, console: Console) -> list[Path]:
    """Simulate two imaging surveys of the same sky, match them, save and reopen the result."""
    import datasets

    from astropile.crossmatch import cross_match_datasets
    from astropile.plot import image_pair
    from astropile.survey import load
    from astropile.survey.formatting import fast
    from astropile.testing import Sky, simulate

    console.rule("Mock data: two imaging surveys, simulated from their YAML")
    rng = np.random.default_rng(11)
    n = MOCK_OBJECTS
    ra, dec = 150 + rng.uniform(-1, 1, n), 2.2 + rng.uniform(-1, 1, n)
    jitter = rng.normal(0, 0.2 / 3600, (2, n))
    surveys = []
    for place, name in enumerate((tour["left"], tour["right"])):
        folder = output / "mock" / name
        sky = Sky.at(ra + place * jitter[0], dec + place * jitter[1])
        if not (folder / "MOCK.txt").is_file():
            simulate(name, None, n, data_dir=folder, sky=sky, seed=place)
        surveys.append(load(name, data_dir=folder))
    console.print(surveys[0].columns.describe(find=tour["find"]))
    matched_catalog, matched = cross_match_datasets(surveys[0], surveys[1], match_radius=1.0)
    console.print(matched_catalog[:5])
    matched.save_to_disk(str(output / "matched"))
    reopened = datasets.load_from_disk(str(output / "matched"))
    example = reopened[0]
    shapes = {label: example[label]["image"]["flux"].shape for label in tour["rgb"]}
    console.print(f"reopened with plain datasets: {len(reopened)} Examples, image flux {shapes}")
    best = max(range(len(reopened)), key=_clearest(fast(reopened), tour["rgb"]).__getitem__)
    figure = image_pair(
        reopened[best],
        rgb=tour["rgb"],
        title="one mock object in both surveys (simulated)",
    )
    figure.savefig(output / "cutouts.png")
    return [output / "matched", output / "cutouts.png"]


def _clearest(matched: Iterable[Mapping[str, Any]], labels: Iterable[str]) -> list[float]:
    """Return for each object its contrast in the survey that shows it least."""
    found = []
    for example in matched:
        peaks = []
        for label in labels:
            flux = example[label]["image"]["flux"]
            peaks.append(float(flux.max() / np.median(np.abs(flux))))
        found.append(min(peaks))
    return found
