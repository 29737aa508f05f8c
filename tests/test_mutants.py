"""The list of protections to take out: each row must still find what it takes out."""

from conftest import ROOT
from mutants import TABLE


def test_every_row_applies():
    for row in TABLE:
        assert (ROOT / row.file).read_text(encoding="utf-8").count(row.old) == 1, row
