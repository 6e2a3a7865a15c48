"""Write the generated files of the registry: ``python -m astropile.schema``."""

from __future__ import annotations

from astropile.document import read_document
from astropile.schema.checked import write_checked
from astropile.schema.json_schema import write_json_schema
from astropile.schema.load import compile_schema
from astropile.vocabulary import data_path

if __name__ == "__main__":
    write_json_schema()
    for file in sorted(data_path("schemas").glob("*.yaml")):
        compile_schema(read_document(file))
    write_checked()
