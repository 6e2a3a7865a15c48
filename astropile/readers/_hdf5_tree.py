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
from typing import TYPE_CHECKING, Any, Final

import h5py

from astropile.errors import CellError, CorruptFileError, UnsafeFileError
from astropile.readers._hdf5_types import fields_of, value_type

if TYPE_CHECKING:
    import numpy as np

MAX_HOPS: Final = 16
MAX_MEMBERS: Final = 100_000
_UNSAFE_HINT: Final = "copy what is meant into the file itself"


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
    objects : dict of tuple to h5py.HLObject
        Groups and datasets by path, as opened on the way.
    """

    places: dict[str, Place] = field(default_factory=dict)
    unsafe: dict[str, str] = field(default_factory=dict)
    objects: dict[tuple[str, ...], h5py.HLObject] = field(default_factory=dict)

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
                raise UnsafeFileError(msg, hint=_UNSAFE_HINT)


def read_tree(root: h5py.Group) -> Tree:
    """List the cells below a group, without reading values.

    Attributes of the group itself have the address ``root@KEY``.
    """
    tree = Tree(objects={(): root})
    _add_attributes(root, "root", (), tree)
    _add_members(root, (), (root,), tree)
    return tree


def member(group: h5py.Group, name: str, hops: int = 0) -> h5py.HLObject:
    """Open a member of a group.

    Raises
    ------
    UnsafeFileError
        It lies outside the file.
    KeyError
        There is no such member, or a soft link leads nowhere.
    """
    if not group.id.links.exists(name.encode()):
        raise KeyError(name)
    kind = group.id.links.get_info(name.encode()).type
    if kind == h5py.h5l.TYPE_SOFT:
        if hops >= MAX_HOPS:
            raise KeyError(name)
        return _follow(group, group.get(name, getlink=True).path, hops + 1)
    if kind != h5py.h5l.TYPE_HARD:
        other = "to another file" if kind == h5py.h5l.TYPE_EXTERNAL else "of unknown kind"
        msg = f"a link {other}"
        raise UnsafeFileError(msg, hint=_UNSAFE_HINT)
    found: h5py.HLObject = group[name]
    if isinstance(found, h5py.Dataset):
        plan = found.id.get_create_plist()
        if plan.get_layout() == h5py.h5d.VIRTUAL:
            msg = "a virtual dataset, made of other files"
            raise UnsafeFileError(msg, hint=_UNSAFE_HINT)
        if plan.get_external_count():
            msg = "a dataset stored in another file"
            raise UnsafeFileError(msg, hint=_UNSAFE_HINT)
    return found


def _follow(group: h5py.Group, path: str, hops: int) -> h5py.HLObject:
    """Go where a soft link of a group leads."""
    found: h5py.HLObject = group.file["/"] if path.startswith("/") else group
    for step in path.split("/"):
        if step in ("", "."):
            continue
        if not isinstance(found, h5py.Group):
            raise KeyError(step)
        found = member(found, step, hops)
    return found


def is_group(parent: h5py.Group, name: str | bytes) -> bool:
    """Return whether a member of a group is a group itself, not another name of one.

    Raises
    ------
    CorruptFileError
        Its name is not UTF-8.
    UnsafeFileError
        It is a link to another file.
    """
    if isinstance(name, bytes):
        msg = f"a name that is not UTF-8: {name!r}"
        raise CorruptFileError(msg)
    kind = parent.id.links.get_info(name.encode()).type
    if kind == h5py.h5l.TYPE_SOFT:
        return False
    if kind != h5py.h5l.TYPE_HARD:
        return isinstance(member(parent, name), h5py.Group)
    return bool(parent.get(name, getclass=True) is h5py.Group)


def open_place(root: h5py.Group, place: Place) -> h5py.HLObject:
    """Open the object of a cell below a group, looking at every step."""
    found: h5py.HLObject = root
    for name in place.path:
        found = member(found, name)
    return found


def widest(known: Place, other: Place) -> Place:
    """Return a place whose shape has -1 where two groups differ."""
    both = zip_longest(known.shape, other.shape)
    return replace(known, shape=tuple(a if a == b else -1 for a, b in both))


def _add_members(
    group: h5py.Group, path: tuple[str, ...], above: tuple[h5py.Group, ...], tree: Tree
) -> None:
    """Add all members of a group; ``above`` are the groups on the way to it."""
    for name in group:
        if isinstance(name, bytes):
            # Not UTF-8, so no address can name it.
            continue
        here = (*path, name)
        address = ".".join(here)
        try:
            found = member(group, name)
        except UnsafeFileError as error:
            tree.unsafe[address] = error.what
            continue
        except KeyError:
            continue
        tree.objects[here] = found
        if len(tree.objects) > MAX_MEMBERS:
            msg = f"more than {MAX_MEMBERS} paths: groups that hold each other many times"
            raise UnsafeFileError(msg)
        _add_attributes(found, address, here, tree)
        if isinstance(found, h5py.Group):
            if found not in above:
                _add_members(found, here, (*above, found), tree)
        elif isinstance(found, h5py.Dataset) and (shape := found.shape) is not None:
            for fields, dtype, inner in fields_of(found):
                cell = ".".join((*here, *fields))
                tree.add(cell, Place(here, fields, "", dtype, (*shape, *inner)))


def _add_attributes(found: h5py.HLObject, address: str, path: tuple[str, ...], tree: Tree) -> None:
    """Add the attributes of an object."""
    if not h5py.h5a.get_num_attrs(found.id):
        return
    for name in found.attrs:
        attribute = found.attrs.get_id(name)
        dtype = value_type(attribute)
        if dtype is not None and attribute.get_space().get_simple_extent_type() != h5py.h5s.NULL:
            tree.add(f"{address}@{name}", Place(path, (), name, dtype, attribute.shape))
