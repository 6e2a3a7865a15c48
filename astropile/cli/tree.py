"""The structure of an Example as a tree."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.text import Text
from rich.tree import Tree

from astropile.cli.output import printable


def example_tree(facts: dict[str, Any]) -> Tree:
    """Return the structure of an Example; columns of one template share a line."""
    tree = Tree(Text.assemble(("Example", "bold"), printable(f" of config {facts['config']}")))
    plain = [entry for entry in facts["example"] if "kind" not in entry]
    blocks = [entry for entry in facts["example"] if "kind" in entry]
    for line in _leaf_lines(plain):
        tree.add(line)
    for block in blocks:
        label = f"  {block['kind']} {_shape(block)}"
        branch = tree.add(Text.assemble((printable(block["name"]), "bold"), printable(label)))
        for line in _leaf_lines(block["fields"]):
            branch.add(line)
    return tree


def _leaf_lines(leaves: list[dict[str, Any]]) -> list[Text]:
    lines = []
    keys = ("template", "dtype", "unit", "axes", "shape")
    for _, group in groupby(leaves, key=lambda leaf: [leaf[key] for key in keys]):
        same = list(group)
        leaf = same[0]
        name = leaf["name"] if len(same) == 1 else leaf["template"]
        about = f"  {leaf['dtype']} {_shape(leaf)}".rstrip()
        about += f"  [{leaf['unit']}]" if leaf["unit"] else ""
        line = Text.assemble((printable(name), "cyan"), printable(about))
        if len(same) > 1:
            line.append(printable(f"  {len(same)}: {_variables(same)}"), "dim")
        lines.append(line)
    return lines


def _shape(entry: dict[str, Any]) -> str:
    sizes = zip(entry["axes"], entry["shape"], strict=True)
    listed = ", ".join(f"{axis}={'*' if size is None else size}" for axis, size in sizes)
    return f"({listed})" if listed else ""


def _variables(leaves: list[dict[str, Any]]) -> str:
    """Return the values of each template variable: ``band g r i``."""
    names = list(leaves[0]["variables"])
    values = {n: dict.fromkeys(leaf["variables"][n] or "''" for leaf in leaves) for n in names}
    return ", ".join(f"{name} {' '.join(found)}" for name, found in values.items())
