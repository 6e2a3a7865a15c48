"""Models of survey files, and a survey as leaves and blocks."""

from astropile.schema.bind import BoundSource, BoundTable, Value, bind_source, combinations
from astropile.schema.leaves import ROLE_AXES, Block, Leaf
from astropile.schema.lints import schema_lints
from astropile.schema.load import parse_schema, read_schema
from astropile.schema.models import Config, Field, Modality, Source, SurveyFile
from astropile.schema.names import NameResolver
from astropile.schema.report import Report
from astropile.schema.survey_schema import OBJECT_LEAVES, SurveySchema

__all__ = [
    "OBJECT_LEAVES",
    "ROLE_AXES",
    "Block",
    "BoundSource",
    "BoundTable",
    "Config",
    "Field",
    "Leaf",
    "Modality",
    "NameResolver",
    "Report",
    "Source",
    "SurveyFile",
    "SurveySchema",
    "Value",
    "bind_source",
    "combinations",
    "parse_schema",
    "read_schema",
    "schema_lints",
]
