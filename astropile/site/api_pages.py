"""Pages of the public names of the package; Sphinx fills in their docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from astropile.site.markup import code, link, page, raw, table, text, toctree

__all__ = ["api_pages"]

#: Classes that users meet though they never make one: module below the package, and name.
_MET = (("survey.columns", "Columns"), ("survey.columns", "Column"))


def api_pages(package: ModuleType) -> dict[str, str]:
    """Return the pages of a package's public names by their place on the site.

    Parameters
    ----------
    package : module
        Its ``__all__`` says what is public; modules in ``dir()`` are, too.
    """
    entries = list(_entries(package))
    pages = {f"api/{name}.md": body for name, _, _, body in entries}
    rows = [
        (link(f"{name}.html", code(name)), text(kind), text(summary))
        for name, kind, summary, _ in entries
    ]
    pages["api/index.md"] = page(
        "Python API",
        "The names that stay. They are loaded when they are first used, so `import astropile` "
        "is instant.\n",
        raw(table(("Name", "Kind", "What it is"), rows)),
        toctree(
            [
                (name if kind == "module" else name.rpartition(".")[2], name)
                for name, kind, *_ in entries
            ]
        ),
    )
    return pages


def _entries(package: ModuleType) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, kind, first line and page: functions, classes, then modules."""
    root = package.__name__
    values = {name: getattr(package, name) for name in dir(package) if not name.startswith("_")}
    modules = {name: value for name, value in values.items() if inspect.ismodule(value)}
    functions = [name for name in package.__all__ if inspect.isroutine(values[name])]
    classes = [name for name in package.__all__ if inspect.isclass(values[name])]
    for kind, names in (("function", functions), ("class", classes)):
        for name in names:
            yield _entry(f"{root}.{name}", kind, values[name])
    for module, name in _MET:
        home = import_module(f"{root}.{module}")
        yield _entry(f"{root}.{module}.{name}", "class", getattr(home, name))
    for name, module_ in modules.items():
        if name in package.__dir__():
            yield _entry(f"{root}.{name}", "module", module_)


def _entry(name: str, kind: str, value: object) -> tuple[str, str, str, str]:
    summary = (inspect.getdoc(value) or "").partition("\n")[0]
    if kind == "module":
        public = getattr(value, "__all__", ())
        lines = [f".. automodule:: {name}"]
        members = [(member, getattr(value, member)) for member in public]
        for member, one in members:
            how = "class" if inspect.isclass(one) else "function"
            if how == "class" and issubclass(one, BaseException):
                how = "exception"
            lines += ["", *_directive(f"{name}.{member}", how)]
    else:
        lines = _directive(name, kind)
    body = "\n".join(lines)
    return name, kind, summary, page(f"`{name}`", f"```{{eval-rst}}\n{body}\n```\n")


def _directive(name: str, kind: str) -> list[str]:
    # A survey has its verbs from two classes; what it has from Python's own is left out.
    inherited = "   :inherited-members: Mapping, Sequence, object"
    options = {
        "class": ["   :members:", inherited],
        "exception": ["   :members:", "   :show-inheritance:"],
    }
    return [f".. auto{kind}:: {name}", *options.get(kind, [])]
