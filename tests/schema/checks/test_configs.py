"""Configs, splits, overrides, and what exists where."""

from __future__ import annotations

from typing import Any

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "no default": (
        {"configs:\n": "¦configs:\n", "wide: {default: true, ": "wide: {"},
        "default", "wide, deep",
    ),
    "two defaults": (
        {"    aliases: [ultradeep]\n": "    aliases: [ultradeep]\n    ¦default: true\n"},
        "default", "wide",
    ),
    "config that no source serves": (
        {
            "    description: One array a leaf.\n":
            "    description: One array a leaf.\n    only: [deep]\n",
            "  wide: {default": "  ¦wide: {default",
        },
        "config", "no source serves",
    ),
    "alias of another config": ({"[ultradeep]": "[¦wide]"}, "config", "'wide'"),
    "alias twice": ({"[ultradeep]": "[ultradeep, ¦ultradeep]"}, "config", "'ultradeep'"),
    "alias with a slash": ({"[ultradeep]": "[¦ultra/deep]"}, "name", "letters"),
    "config with a blank": ({"  wide: {default": "  ¦wi de: {default"}, "name", "letters"),
    "split with a slash": ({"test: test}": "¦te/st: test}"}, "split", "name of a split"),
    "split text twice": ({"test: test}": "test: ¦train}"}, "split", "twice"),
    "override of no leaf": (
        {'"{band}_mag": {max: 42}': '¦"{band}_mgg": {max: 42}'},
        "leaf", "{band}_mag",
    ),
    "override of a leaf that does not exist here": (
        {"  wide: {default: true,": "  wide: {default: true, override: {¦depth: {min: 1}},"},
        "override", "config wide",
    ),
    "override of nothing": (
        {"{description: Deeper image.}": "{}", "override: {image.flux": "override: {¦image.flux"},
        "override", "nothing",
    ),
    "only of no config": ({"only: [deep*]": "only: [¦shallow*]"}, "only", "begins with 'shallow'"),
    "only of a misspelt config": ({"    only: [deep]\n": "    only: [¦deeep]\n"}, "only", "'deep'"),
    "splits that a source does not tell apart": (
        {"  columnar:\n": "  ¦columnar:\n", "{config}/{split}-*": "{config}/x-*"},
        "split", "split_by",
    ),
    "splits told apart twice": (
        {'    names: "{block}_{field}"\n': '    names: "{block}_{field}"\n    ¦split_by: part\n'},
        "split", "exclude",
    ),
    "split_by without splits": (
        {"    only: [deep]\n": "    only: [deep]\n    ¦split_by: part\n"},
        "split", "several",
    ),
    "split hole without splits": (
        {
            "cat/{half}.fits": "cat/{half}-¦{split}.fits",
            "    splits: {train: all}\n": "",
            "{config}/{split}-*": "{config}/x-*",
            "splits: {train: train, test: test}, ": "",
        },
        "hole", "{split}",
    ),
}  # fmt: skip


def test_configs_when_one_thing_is_wrong_then_one_problem_at_its_place(
    check: Any, case: Any
) -> None:
    """One fault, one problem, with the caret on what is wrong."""
    changes, code, words = case
    problems, place = check(changes)
    assert [(p.code, (p.line, p.column)) for p in problems] == [(code, place)]
    assert words in problems[0].message + problems[0].help


def test_configs_when_there_is_one_then_it_need_not_be_the_default(
    meadow: str, change: Any
) -> None:
    """A survey of one config says nothing about defaults."""
    from astropile.schema import parse_schema

    head, _, tail = meadow.partition("configs:\n")
    assert tail
    text = head.replace("only: [deep*]", "only: []").replace("    only: [deep]\n", "")
    text = text.replace("cat/{half}", "cat/x").replace("{split}-*", "x-*")
    assert (
        parse_schema(f"{text}configs:\n  wide: {{description: One.}}\n").config_name(None) == "wide"
    )
