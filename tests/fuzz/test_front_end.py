"""Random texts through the front end: success or a diagnostic, nothing else. `front_end.py` does it for longer."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.attempt import result
from tests.fuzz.mutations import text
from tests.fuzz.shrink import smaller


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1))
def test_front_end_never_fails(seed: int) -> None:
    sample = text(Random(seed))
    assert result(sample)[1] == '', sample


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec='utf-8'), max_size=60))
def test_any_text_is_answered(sample: str) -> None:
    assert result(sample, validating=False)[1] == ''


def test_smaller_texts_keep_what_matters() -> None:
    assert smaller('a b\nc the d\ne\n', lambda candidate: 'the' in candidate, 100) == 'the'
