"""What an HDF5 file holds, and what of it must not be touched.

HDF5 follows external links and reads virtual datasets and external storage without asking, and so
would hand out the bytes of any file of the machine [1]_. Every step of a path is therefore looked
at before it is taken.

References
----------
.. [1] HDFGroup/hdf5 issue 6618; h5py issue 2891.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from h5py import h5, h5a, h5d, h5g, h5l, h5o, h5p, h5s, h5t

from astropile.errors import CellError, CorruptFileError, UnsafeFileError
from astropile.readers._hdf5_dataset import UNSAFE_HINT, Dataset
from astropile.readers._hdf5_types import fields_of, value_type

if TYPE_CHECKING:
    import numpy as np

MAX_HOPS: Final = 16
MAX_MEMBERS: Final = 100_000

#: What a path leads to, opened.
Node: TypeAlias = h5g.GroupID | h5t.TypeID | Dataset


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell is in a group of the file.

    Attributes
    ----------
    path : tuple of str
        Names from the group down to the object.
    fields : tuple of str
        Field of a compound dataset, from the outside in.
    attribute : str
        Name of an attribute of the object; empty if the cell is a dataset.
    dtype : dtype
        Of an element, as h5py gives it.
    shape : tuple of int
        Of the dataset or attribute, with the axes of the field.
    """

    path: tuple[str, ...]
    fields: tuple[str, ...]
    attribute: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(slots=True)
class Tree:
    """What stands below a group.

    Attributes
    ----------
    places : dict of str to Place
        Cells by address.
    unsafe : dict of str to str
        Addresses of what is refused, with the reason.
    nodes : dict of tuple to Node
        Groups and datasets by path, as opened on the way.
    """

    places: dict[str, Place] = field(default_factory=dict)
    unsafe: dict[str, str] = field(default_factory=dict)
    nodes: dict[tuple[str, ...], Node] = field(default_factory=dict)

    def add(self, address: str, place: Place) -> None:
        """Add a cell."""
        if address in self.places:
            msg = f"two cells of the file have the address {address}"
            raise CellError(msg)
        self.places[address] = place

    def refuse(self, address: str) -> None:
        """Raise if an address is, or lies below, what must not be touched."""
        for prefix, reason in self.unsafe.items():
            if address.startswith(prefix) and address[len(prefix) :][:1] in ("", ".", "@"):
                msg = f"{prefix}: {reason}"
                raise UnsafeFileError(msg, hint=UNSAFE_HINT)


def read_tree(root: h5g.GroupID) -> Tree:
    """List the cells below a group, without reading values.

    Attributes of the group itself have the address ``root@KEY``.
    """
    tree = Tree(nodes={(): root})
    _add_attributes(root, "root", (), tree)
    _add_members(root, (), (root,), tree)
    return tree


def links_of(group: h5g.GroupID) -> list[tuple[bytes, int]]:
    """Return name and kind of all links of a group: as they were made, if the file kept that."""
    links: list[tuple[bytes, int]] = []
    is_tracked = group.get_create_plist().get_link_creation_order() & h5p.CRT_ORDER_TRACKED
    group.links.iterate(
        lambda name, link: links.append((name, link.type)),
        info=True,
        idx_type=h5.INDEX_CRT_ORDER if is_tracked else h5.INDEX_NAME,
    )
    return links


def member(group: h5g.GroupID, name: bytes, hops: int = 0) -> Node:
    """Open a member of a group.

    Raises
    ------
    UnsafeFileError
        It lies outside the file.
    KeyError
        There is no such member, or a soft link leads nowhere.
    """
    if not group.links.exists(name):
        raise KeyError(name)
    return _open(group, name, group.links.get_info(name).type, hops)


def _open(group: h5g.GroupID, name: bytes, kind: int, hops: int = 0) -> Node:
    """Open what a link of a kind leads to, as `member` does."""
    if kind == h5l.TYPE_SOFT:
        if hops >= MAX_HOPS:
            raise KeyError(name)
        return _follow(group, group.links.get_val(name), hops + 1)
    if kind != h5l.TYPE_HARD:
        other = "to another file" if kind == h5l.TYPE_EXTERNAL else "of unknown kind"
        msg = f"a link {other}"
        raise UnsafeFileError(msg, hint=UNSAFE_HINT)
    found: h5g.GroupID | h5t.TypeID | h5d.DatasetID = h5o.open(group, name)
    return Dataset(found) if isinstance(found, h5d.DatasetID) else found


def _follow(group: h5g.GroupID, path: bytes, hops: int) -> Node:
    """Go where a soft link of a group leads."""
    found: Node = h5o.open(group, b"/") if path.startswith(b"/") else group
    for step in path.split(b"/"):
        if step in (b"", b"."):
            continue
        if not isinstance(found, h5g.GroupID):
            raise KeyError(step)
        found = member(found, step, hops)
    return found


def row_groups(root: h5g.GroupID) -> list[str]:
    """Return the names of the groups that are rows, in the order of the file.

    A soft link is another name of a row; a link to another file is a row that must not be read,
    and must not be lost either.

    Raises
    ------
    CorruptFileError
        A name is not UTF-8.
    UnsafeFileError
        A link to another file.
    """
    names = []
    for name, kind in links_of(root):
        try:
            text = name.decode()
        except UnicodeDecodeError as error:
            msg = f"a name that is not UTF-8: {name!r}"
            raise CorruptFileError(msg) from error
        if kind == h5l.TYPE_SOFT:
            continue
        found = h5o.open(root, name) if kind == h5l.TYPE_HARD else _open(root, name, kind)
        if isinstance(found, h5g.GroupID):
            names.append(text)
    return names


def open_place(root: h5g.GroupID, place: Place) -> Node:
    """Open the object of a cell below a group, looking at every step."""
    found: Node = root
    for name in place.path:
        if not isinstance(found, h5g.GroupID):
            raise KeyError(name)
        found = member(found, name.encode())
    return found


def widest(known: Place, other: Place) -> Place:
    """Return a place whose shape has -1 where two groups differ."""
    both = zip_longest(known.shape, other.shape)
    return replace(known, shape=tuple(a if a == b else -1 for a, b in both))


def _add_members(
    group: h5g.GroupID, path: tuple[str, ...], above: tuple[h5g.GroupID, ...], tree: Tree
) -> None:
    """Add all members of a group; ``above`` are the groups on the way to it."""
    for link, kind in links_of(group):
        try:
            here = (*path, link.decode())
        except UnicodeDecodeError:
            # No address can name it.
            continue
        address = ".".join(here)
        try:
            found = _open(group, link, kind)
        except UnsafeFileError as error:
            tree.unsafe[address] = error.what
            continue
        except KeyError:
            continue
        tree.nodes[here] = found
        if len(tree.nodes) > MAX_MEMBERS:
            msg = f"more than {MAX_MEMBERS} paths: groups that hold each other many times"
            raise UnsafeFileError(msg)
        _add_attributes(found, address, here, tree)
        if isinstance(found, h5g.GroupID):
            if found not in above:
                _add_members(found, here, (*above, found), tree)
        elif isinstance(found, Dataset) and found.has_values:
            for fields, dtype, inner in fields_of(found.dtype):
                cell = ".".join((*here, *fields)) if fields else address
                tree.add(cell, Place(here, fields, "", dtype, (*found.shape, *inner)))


def _add_attributes(found: Node, address: str, path: tuple[str, ...], tree: Tree) -> None:
    """Add the attributes of an object."""
    owner = found.id if isinstance(found, Dataset) else found
    if not h5a.get_num_attrs(owner):
        return
    names: list[bytes] = []
    h5a.iterate(owner, names.append)
    for name in names:
        attribute = h5a.open(owner, name)
        dtype = value_type(attribute)
        if dtype is not None and attribute.get_space().get_simple_extent_type() != h5s.NULL:
            text = name.decode()
            tree.add(f"{address}@{text}", Place(path, (), text, dtype, attribute.shape))
