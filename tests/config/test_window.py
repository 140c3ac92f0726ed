"""The promoter window and the pooling schedule that follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tr300m.config.window import Window, schedule_problems
from tr300m.features.pooling import SCHEDULE, check_schedule


def test_the_default_is_the_release() -> None:
    assert Window().width == 2823
    assert Window().schedule == SCHEDULE


def test_downstream_is_pooled_like_upstream() -> None:
    # From the TSS: 120 bp by 1, then 240 by 2, 480 by 6 and the rest by 18, on both sides.
    assert Window(2772, 2000).schedule == (*SCHEDULE, (240, 2), (480, 6), (1230, 18))
    assert Window(100, 10).schedule == ((31, 2), (80, 1))


def test_a_short_end_joins_its_neighbour() -> None:
    # 10 bp beyond -789 are less than the 18 that are pooled there.
    assert Window(799, 50).schedule == ((490, 6), (240, 2), (120, 1))
    assert Window(2772, 51).schedule == (*SCHEDULE[:3], (121, 1))


@given(st.integers(30, 30_000), st.integers(0, 30_000))
def test_every_schedule_covers_its_window(upstream: int, downstream: int) -> None:
    window = Window(upstream, downstream)
    check_schedule(window.schedule, window.width)
    assert schedule_problems([list(segment) for segment in window.schedule], window) == []


@pytest.mark.parametrize(
    ("pooling", "parts"), [([[100, 2]], ["100", "101"]), ([[99, 2], [2, 5]], ["2", "5"]), (None, [])]
)
def test_configured_schedules(pooling: list[list[int]] | None, parts: list[str]) -> None:
    found = schedule_problems(pooling, Window(90, 10))
    assert bool(found) == bool(parts)
    assert all(part in " ".join(found) for part in parts)
