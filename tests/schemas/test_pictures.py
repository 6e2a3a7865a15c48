"""Pictures of galaxies with their classes, in the layouts of Multimodal Universe."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

PIXELS = np.arange(2 * 256 * 256 * 3).reshape(2, 256, 256, 3) % 251
LABELS = ["disturbed", "merging", "round smooth", "in-between round smooth", "cigar-shaped smooth",
          "barred spiral", "unbarred tight spiral", "unbarred loose spiral",
          "edge-on without bulge", "edge-on with bulge"]  # fmt: skip


def write_hdf5_pictures(write_hdf5):
    write_hdf5(
        "datafiles/healpix=3000/001-of-001.h5",
        object_id=np.int64([0, 17735]), ans=np.uint8([9, 0]), images=PIXELS.astype("u1"),
        pxscale=[0.262, 0.5], redshift=[0.0625, np.nan], ra=[123.123456789, 2.0], dec=[3.5, -4.5],
        healpix=[3000, 3000],
    )  # fmt: skip


def test_gz10_when_hdf5_then_pixels_labels_and_no_redshift_is_null(write_hdf5, read):
    write_hdf5_pictures(write_hdf5)
    first, second = read("gz10")
    assert (first["object_id"], second["object_id"]) == ("0", "17735")
    assert (first["ra"], first["dec"]) == (123.123456789, 3.5)
    assert [row["gz10_label"] for row in (first, second)] == [9, 0]
    assert (first["redshift"], second["redshift"]) == (0.0625, None)
    assert (first["rgb_pixel_scale"], second["rgb_pixel_scale"]) == (np.float32(0.262), 0.5)
    assert np.array_equal([first["rgb_image"], second["rgb_image"]], PIXELS)


def test_gz10_when_labels_only_then_no_pictures(write_hdf5, read):
    write_hdf5_pictures(write_hdf5)
    rows = read("gz10", config="gz10")
    names = ["object_id", "ra", "dec", "gz10_label", "redshift"]
    assert [list(row) for row in rows] == [names, names]


def test_gz10_when_hats_holds_png_files_then_the_same_examples(write_hdf5, read, tmp_path):
    write_hdf5_pictures(write_hdf5)
    files = []
    for pixels in PIXELS.astype("u1"):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, format="PNG")
        files.append({"bytes": file.getvalue(), "path": None})
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = {
        "rgb_image": pa.array(files, kind),
        "gz10_label": pa.array([9, 0], pa.int32()),
        "redshift": pa.array([0.0625, float("nan")], pa.float32()),
        "rgb_pixel_scale": pa.array([0.262, 0.5], pa.float32()),
        "ra": [123.123456789, 2.0], "dec": [3.5, -4.5], "object_id": ["0", "17735"],
    }  # fmt: skip
    for config in ("gz10_rgb_images", "gz10"):
        target = tmp_path / config / "dataset/Norder=4/Dir=0/Npix=3000.parquet"
        target.parent.mkdir(parents=True)
        pq.write_table(pa.table(table), target)
        assert read("gz10", "hats", config=config) == read("gz10", config=config)


def test_gz10_when_label_is_shown_then_it_has_its_class(survey):
    codes = survey("gz10").leaves["gz10_label"].field.codes
    assert [codes[str(number)] for number in range(10)] == LABELS
