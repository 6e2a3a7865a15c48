"""Write the JSON Schema of survey files to the registry: ``python -m astropile.schema``."""

from __future__ import annotations

from astropile.schema.json_schema import write_json_schema

if __name__ == "__main__":
    write_json_schema()
