"""What a run's record says of the data that its inputs mean something on."""

from typing import Any

from tr300m.training.run_record import MEANING, differences, window_settings

WINDOW = {"upstream": 2772, "downstream": 50}


def manifest(**config: Any) -> dict[str, Any]:
    config = {"edition": "release", "window": WINDOW, **config}
    return {"config": config, "arrays": {name: {"sha256": name} for name in MEANING}}


def record(**config: Any) -> dict[str, Any]:
    return {**window_settings(manifest(**config)), "arrays": {name: name for name in MEANING}}


def test_the_same_data_do_not_differ() -> None:
    assert differences(record(), manifest()) == []
    assert differences(record(), manifest(chromosomes=["chr22"])) == []


def test_windows_of_equal_length_can_lie_elsewhere() -> None:
    moved = {"upstream": 2000, "downstream": 822}
    assert sum(moved.values()) == sum(WINDOW.values())
    assert differences(record(), manifest(window=moved)) == ["window"]
    assert differences(record(edition="corrected"), manifest()) == ["edition"]


def test_other_motifs_differ() -> None:
    other = manifest()
    other["arrays"]["pssm"] = {"sha256": "x"}
    assert differences(record(), other) == ["pssm"]
