"""A survey as the rest of the library sees it: leaves and blocks, whatever the container."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from astropile.document import Document, did_you_mean
from astropile.errors import ConfigError
from astropile.schema.leaves import Block, Leaf, Templates, canonical_name
from astropile.schema.models import Config, Override, Source, SurveyFile

#: Leaves of the object block, always emitted and always first.
OBJECT_LEAVES = ("object_id", "ra", "dec")


@dataclass(frozen=True)
class SurveySchema:
    """A validated survey file with its templates expanded.

    Attributes
    ----------
    file : SurveyFile
        The model of the file.
    document : Document
        Its text, for error messages.
    leaves : mapping of str to Leaf
        Every leaf by address: the object's first, then columns, then modalities.
    blocks : mapping of str to Block
        Modalities by name.
    """

    file: SurveyFile
    document: Document
    templates: Templates
    leaves: Mapping[str, Leaf]
    blocks: Mapping[str, Block]

    @property
    def id(self) -> str:
        """Id of the survey."""
        return self.file.survey

    @property
    def title(self) -> str:
        """Full name."""
        return self.file.about.title

    @property
    def bands(self) -> tuple[str, ...]:
        """Band tokens in declared order."""
        return tuple(self.file.bands)

    @cached_property
    def digest(self) -> str:
        """Return the sha256 of the schema's canonical JSON: the same for any layout of the YAML."""
        data = self.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

    def config_name(self, config: str | None) -> str:
        """Return the name of a config; None gives the default, an alias its config.

        Raises
        ------
        ConfigError
            The survey has no such config; the configs are listed.
        """
        configs = self.file.configs
        if config is None:
            return next((name for name, c in configs.items() if c.default), next(iter(configs)))
        if config in configs:
            return config
        for name, model in configs.items():
            if config in model.aliases:
                return name
        message = f"no config {config!r}; it has {', '.join(configs)}"
        hint = did_you_mean(str(config), configs) or "leave it out for the default config"
        raise ConfigError(message, where=self.id, hint=hint)

    def config(self, config: str | None) -> Config:
        """Return the model of a config."""
        return self.file.configs[self.config_name(config)]

    def splits(self, config: str | None) -> tuple[str, ...]:
        """Return the splits of a config in declared order."""
        return tuple(self.config(config).splits) or ("train",)

    def sources(self, config: str | None) -> Mapping[str, Source]:
        """Return the sources that serve a config, in declared order."""
        name = self.config_name(config)
        return {key: s for key, s in self.file.sources.items() if allows(s.only, name)}

    @cached_property
    def addresses(self) -> Mapping[str, tuple[str, ...]]:
        """Leaves by every name that stands for them: address, or template as written."""
        found: dict[str, tuple[str, ...]] = {}
        for address, leaf in self.leaves.items():
            if leaf.template != address:
                found[leaf.template] = (*found.get(leaf.template, ()), address)
        return found | {address: (address,) for address in self.leaves}

    def leaf_of_name(self, name: str, block: str = "") -> str:
        """Return the address that a name in a formula or ``keep`` means: its own block comes first.

        The name itself comes back if it is no leaf.
        """
        own = f"{block}.{name}"
        return own if block and own in self.leaves else name

    @cached_property
    def _leaves_by_config(self) -> dict[str, dict[str, Leaf]]:
        return {}

    def leaves_of(self, config: str | None) -> dict[str, Leaf]:
        """Return the leaves that exist in a config, with its overrides applied."""
        name = self.config_name(config)
        if name not in self._leaves_by_config:
            leaves = {
                address: leaf
                for address, leaf in self.leaves.items()
                if all(allows(only, name) for only in leaf.only)
            }
            self._apply_overrides(name, leaves)
            self._leaves_by_config[name] = leaves
        return dict(self._leaves_by_config[name])

    def _apply_overrides(self, config: str, leaves: dict[str, Leaf]) -> None:
        override = self.file.configs[config].override
        # Templates first, so that an expanded name wins over the template it comes from.
        for key in sorted(override, key=lambda name: name in self.leaves):
            for address in self.addresses.get(key, ()):
                if address in leaves:
                    leaves[address] = self._changed(leaves[address], override[key])

    def _changed(self, leaf: Leaf, override: Override) -> Leaf:
        update = {key: getattr(override, key) for key in override.model_fields_set}
        if update.get("dtype", "") is None:
            del update["dtype"]
        fill = self.templates.filler(leaf.variables, leaf.field.for_)
        update |= {key: fill(update[key]) for key in ("unit", "description") if key in update}
        if "is_" in update:
            update["is_"] = {key: fill(text) for key, text in update["is_"].items()}
        changed = replace(leaf, field=leaf.field.model_copy(update=update))
        return replace(changed, canonical=canonical_name(changed)) if leaf.canonical else changed


def allows(only: tuple[str, ...], config: str) -> bool:
    """Whether a config is allowed by a list of names and ``prefix*``; an empty list allows all."""
    return not only or any(
        config.startswith(pattern[:-1]) if pattern.endswith("*") else config == pattern
        for pattern in only
    )
