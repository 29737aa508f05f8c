"""The protections to take out: each row finds some, and each kind of change does what it says."""

import pytest
from conftest import ROOT
from mutants import TABLE, mutants

SOURCE = '''
def read(x, naïve):
    """Read."""
    if x < 0 or x > 9:
        raise ValueError("no digit")
    try:
        close(x)
    except OSError as error:
        raise ValueError from error
    return x, naïve
'''


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.file}-{row.function}")
def test_every_row_finds_something_to_take_out(row):
    assert mutants((ROOT / row.file).read_text(encoding="utf-8"), row.function, row.change)


@pytest.mark.parametrize(
    ("change", "replacements"),
    [
        (
            "refusals",
            [("x < 0", "False"), ("x > 9", "False"), ("raise ValueError from error", "raise")],
        ),
        ("calls", [("close(x)", "pass")]),
        ("false", [("return x, naïve", "return False")]),
        ("scaled", [("return x,", "return 1.001 * (x),"), (", naïve\n", ", 1.001 * (naïve)\n")]),
    ],
)
def test_a_change_changes_one_place(change, replacements):
    sources = [source for _, source in mutants(SOURCE, "read", change)]
    assert sources == [SOURCE.replace(old, new) for old, new in replacements]


def test_a_function_without_anything_to_take_out_is_an_error():
    with pytest.raises(LookupError, match="no calls"):
        mutants("def f():\n    return 1\n", "f", "calls")
    with pytest.raises(LookupError):
        mutants(SOURCE, "write", "calls")
