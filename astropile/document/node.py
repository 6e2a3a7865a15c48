"""Where a value of a YAML file stands, and the collections that are still being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Node", "OpenList", "OpenMapping"]


@dataclass(slots=True, eq=False)
class Node:
    """The place of a value and of its key, as ``text[start:end]``.

    Attributes
    ----------
    start, end : int
        Place of the value. The end of a block collection is not kept: it is its start.
    style : str
        ``""`` (plain), ``'``, ``"``, ``|``, ``>``, or ``flow`` or ``block`` for a collection.
    key_start, key_end : int
        Place of the key; -1 where there is none.
    children : dict, list or None
        Nodes of a mapping or a list; None for a scalar.
    """

    start: int
    end: int
    style: str
    key_start: int = -1
    key_end: int = -1
    children: dict[str, Node] | list[Node] | None = None


@dataclass(slots=True, eq=False)
class OpenMapping:
    """A mapping that has not ended; `key` is the key that waits for its value."""

    node: Node
    data: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    key: str | None = None
    key_start: int = -1
    key_end: int = -1

    def __post_init__(self) -> None:
        self.node.children = self.nodes

    def set_key(self, key: str, start: int, end: int) -> None:
        """Take the key of the next value."""
        self.key, self.key_start, self.key_end = key, start, end

    def add(self, node: Node, value: Any) -> None:
        """Put a value below the key that waits for it."""
        key = self.key
        if key is not None:
            node.key_start, node.key_end = self.key_start, self.key_end
            self.data[key] = value
            self.nodes[key] = node
            self.key = None


@dataclass(slots=True, eq=False)
class OpenList:
    """A list that has not ended."""

    node: Node
    data: list[Any] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.node.children = self.nodes

    def add(self, node: Node, value: Any) -> None:
        """Put a value at the end."""
        self.data.append(value)
        self.nodes.append(node)
