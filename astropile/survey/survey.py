"""A survey with its files: thin, the verbs are in the rooms below."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from astropile.disk import local_path
from astropile.errors import UsageError
from astropile.registry import find_schema
from astropile.survey.description import SurveyDescription
from astropile.survey.request import Request

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table
    from datasets import Dataset, IterableDataset

    from astropile.engine import Rejects, RowIndex
    from astropile.sky.regions import Region

Layout = Literal["nested", "per_band"]
Names = Literal["original", "canonical"]
Partial = Literal["refuse", "default"]


class Survey(SurveyDescription):
    """One survey, one config, one selection of leaves; with or without data.

    Make one with :func:`astropile.load` or with a class of :mod:`astropile.datasets`.

    Attributes
    ----------
    schema : SurveySchema
        The checked survey.
    request : Request
        Config, data directory and selection.

    Examples
    --------
    >>> import astropile as ap
    >>> hsc = ap.load("hsc")
    >>> hsc.config
    'pdr3_dud_22.5'
    >>> hsc.columns["mag_cmodel_i"].name
    'i_cmodel_mag'
    """

    def catalog(
        self,
        columns: Sequence[str] = (),
        *,
        split: str | None = None,
        units: Mapping[str, str] | None = None,
        healpix_order: int = 29,
    ) -> Table:
        """Return id, position and what was asked for of every object, without bulk data.

        Parameters
        ----------
        columns : sequence of str, optional
            Further scalar columns by any of their names.
        split : str, optional
            One split; default all, in declared order.
        units : mapping of str to str, optional
            Column -> unit to convert it to.
        healpix_order : int
            Order of the nested ``healpix`` column.

        Returns
        -------
        Table
            ``object_id``, ``ra`` [deg], ``dec`` [deg], ``healpix``, then ``columns`` with units;
            row numbers are those of :meth:`dataset`.

        Raises
        ------
        DataDirError, NoFilesError
            There are no files to read.
        """
        from astropile.survey.catalog import build_catalog

        return build_catalog(
            self.request, columns, split=split, units=units or {}, healpix_order=healpix_order
        )

    def dataset(self, split: str | None = None) -> Dataset:
        """Return all Examples as a memory-mapped ``datasets.Dataset`` in NumPy format.

        The first call converts the files and keeps the result in the cache; later calls open it.

        Parameters
        ----------
        split : str, optional
            One split; default all, in declared order.
        """
        from astropile.survey.cache import cached_dataset

        return cached_dataset(self.request, split=split)

    def stream(
        self, split: str | None = None, *, shuffle: bool = False, seed: int = 0
    ) -> IterableDataset:
        """Return the Examples as a ``datasets.IterableDataset``: read as they are used.

        Parameters
        ----------
        split : str, optional
            One split; default all.
        shuffle : bool
            Partitions of a pile, or files, come in an order that only `seed` tells, and so do the
            rows of each batch that is read. Default: in row order, which in a pile is sky order.
        seed : int
            For the order; give another one for each epoch.

        Returns
        -------
        datasets.IterableDataset
            Its shards are the partitions of a pile: ``datasets.distributed.split_dataset_by_node``
            and the workers of a PyTorch loader share them out, each is read once.
        """
        from astropile.survey.streaming import stream

        return stream(self.request, split=split, shuffle=shuffle, seed=seed)

    def iter_tables(
        self,
        *,
        split: str | None = None,
        batch_rows: int | None = None,
        index: RowIndex | None = None,
    ) -> Iterator[pa.Table]:
        """Yield Arrow tables of Examples: the fastest way to read a survey.

        Parameters
        ----------
        split : str, optional
            One split; default all.
        batch_rows : int, optional
            Most rows a table; default from a memory budget and the layout of the files.
        index : RowIndex, optional
            Only these rows, in row order; see :attr:`row_index`.

        Raises
        ------
        UsageError
            `batch_rows` is less than 1.
        """
        if batch_rows is not None and batch_rows < 1:
            msg = f"batch_rows={batch_rows!r}; expected at least 1"
            raise UsageError(msg, where=self.id, hint="leave it out for the default")
        return self.request.tables(split=split, batch_rows=batch_rows, index=index)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield one Example at a time, its arrays as NumPy views."""
        from astropile.survey.examples import iterate

        return iterate(self.request)

    def __len__(self) -> int:
        """Return the number of objects; reads ids and positions at the first call."""
        return self.request.n_rows

    @property
    def row_index(self) -> RowIndex:
        """Where each row of ``split=None`` is in the files."""
        return self.request.row_index

    @property
    def rejects(self) -> Rejects:
        """Rows that were refused, with file, row and reason; reads ids and positions."""
        return self.request.rejects

    def build(
        self,
        path: str | PathLike[str],
        *,
        workers: int | None = None,
        partition_rows: int = 1_000_000,
        partition_bytes: int = 128 * 2**20,
        memory_bytes: int = 384 * 2**20,
        margin_arcsec: float | None = None,
    ) -> Survey:
        """Build the survey to disk as a HATS catalogue, and open it.

        The pile holds Examples of the selected leaves under their original names in nested layout,
        sorted on the sky. Either all of it is there in the end, or nothing; after an interruption
        the same call goes on where the last one stopped. The same input gives the same bytes.

        Parameters
        ----------
        path : path-like
            Folder of the pile; it must not exist.
        workers : int, optional
            Threads that write partitions; default one a core.
        partition_rows, partition_bytes : int
            Most rows of a partition, and most bytes of it in memory.
        memory_bytes : int
            Memory for rows on their way; about 0.4 GB for libraries and counts comes on top,
            whatever the number of rows.
        margin_arcsec : float, optional
            Write margins of this width for other tools; matches of astropile need none.

        Returns
        -------
        Survey
            The pile, as :func:`astropile.open` opens it.

        Raises
        ------
        UsageError
            There is something at `path`.
        PileError
            An unfinished build had other input (the message says what changed), or there is no
            object with a position.
        OutputError
            The place cannot be written.
        SourceError
            The files are not as the schema says.

        Examples
        --------
        >>> import astropile as ap
        >>> data = getfixture("demo_data")
        >>> pile = ap.load("hipparcos", data_dir=data).build(getfixture("tmp_path") / "hipparcos")
        >>> len(pile) == len(ap.load("hipparcos", data_dir=data))
        True
        """
        from astropile.survey.building import build

        return build(
            self,
            path,
            workers=workers,
            partition_rows=partition_rows,
            partition_bytes=partition_bytes,
            memory_bytes=memory_bytes,
            margin_arcsec=margin_arcsec,
        )

    def select(self, columns: Sequence[str]) -> Survey:
        """Return the same survey with another selection of leaves."""
        return Survey(self.schema, self.request.selecting(columns))

    def filter(self, where: str | None = None, *, region: Region | None = None) -> Survey:
        """Return the survey of the rows for which a condition is true and that are in a region.

        Row numbers of the result count the rows that are left, in the same order. Filters of
        filters add up. Nothing is read yet; of a pile only the parts are read that can hold such
        rows.

        Parameters
        ----------
        where : str, optional
            Condition in the expression language, over columns by any of their names, numbers in
            the unit of the column: ``"mag_cmodel_i < 22.5 and redshift_spec > 0.1"``. Rows for
            which it is null are left out.
        region : Region, optional
            Part of the sky: :func:`astropile.cone`, :func:`astropile.box`,
            :func:`astropile.polygon`, :func:`astropile.moc`. Rows without position are left out.

        Raises
        ------
        UsageError
            The condition can never be used: kinds or units do not go together.
        ColumnError
            A name is unknown or ambiguous.

        Examples
        --------
        >>> import astropile as ap
        >>> stars = ap.load("hipparcos", data_dir=getfixture("demo_data"))
        >>> bright = stars.filter("vmag < 7", region=ap.box((0, 180), (-90, 90)))
        >>> bool(bright.catalog(["vmag"])["vmag"].max() < 7)
        True
        """
        from astropile.survey.filtering import filtered

        return Survey(self.schema, filtered(self.request, where, region))

    def head(self, n: int = 5) -> Survey:
        """Return the survey of the first n rows; of a split, where one is asked for."""
        from astropile.survey.filtering import first

        return Survey(self.schema, first(self.request, n))

    def sample(self, n: int, *, seed: int = 0) -> Survey:
        """Return the survey of n rows at random, in their order; of all if there are fewer.

        Parameters
        ----------
        n : int
            Number of rows; of a split, where one is asked for.
        seed : int
            The same seed gives the same rows.
        """
        from astropile.survey.filtering import sampled

        return Survey(self.schema, sampled(self.request, n, seed))

    def __repr__(self) -> str:
        """Return one line: id, config, where its files are, which rows are wanted."""
        place = str(self.request.data_dir) if self.request.data_dir else "no data_dir"
        told = "; ".join([self.title, place, *self.request.subset.key])
        return f"<{self.schema.file.about.name} {self.config}: {told}>"

    def _repr_html_(self) -> str:
        about = self.schema.file.about
        rows = {
            "survey": f"{self.id} ({about.name})",
            "config": self.config,
            "modalities": ", ".join(f"{b.name}: {b.kind}" for b in self.schema.blocks.values()),
            "bands": ", ".join(self.schema.bands),
            "columns": str(len(self.columns)),
            "licence": about.license.name,
            "rows": "; ".join(self.request.subset.key),
        }
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>"
            for k, v in rows.items()
            if v
        )
        return f"<b>{html.escape(about.title)}</b><table>{body}</table>"


def load(
    name: str,
    *,
    data_dir: str | PathLike[str] | None = None,
    config: str | None = None,
    source: str | None = None,
    columns: Sequence[str] | None = None,
    names: Names = "original",
    layout: Layout = "nested",
    partial: Partial = "refuse",
    on_bad_row: Literal["raise", "reject"] = "raise",
    follow_links: bool = False,
) -> Survey:
    """Load a survey by name; without ``data_dir`` everything that needs only the schema works.

    Parameters
    ----------
    name : str
        Id, alias or class name, in any case.
    data_dir : path-like, optional
        Folder with the survey's files.
    config : str, optional
        Subset of the survey; default the one it declares.
    source : str, optional
        Container to read; default the first whose files are there.
    columns : sequence of str, optional
        Leaves or blocks of the Examples; default all. Id and position always come with them.
    names : {"original", "canonical"}
        Which names the keys of Examples are.
    layout : {"nested", "per_band"}
        Blocks with a band axis, or one key a band with default photometry.
    partial : {"refuse", "default"}
        What a name such as ``mag_i`` does in ``columns``.
    on_bad_row : {"raise", "reject"}
        What a value that does not fit its leaf does.
    follow_links : bool
        Accept links that lead out of ``data_dir``.

    Returns
    -------
    Survey
        The survey; no file of data is opened yet.

    Raises
    ------
    SurveyNotFoundError, ConfigError, ColumnError
        A name is unknown or ambiguous; near names are listed.

    Examples
    --------
    >>> import astropile as ap
    >>> ap.load("hsc").splits
    ('train',)
    """
    schema = find_schema(name)
    request = Request(
        schema=schema,
        config=schema.config_name(config),
        data_dir=None if data_dir is None else local_path(data_dir, "data_dir"),
        source=source,
        names=names,
        layout=layout,
        on_bad_row=on_bad_row,
        follow_links=follow_links,
    )
    if columns is not None:
        request = replace(request, selection=request.resolve(columns, partial=partial))
    request.check()
    return Survey(schema, request)
