"""Kill a small run of the whole workflow at random moments, again and again (`make soak`).

Every complete run must have the files of an undisturbed one, byte for byte, and leave nothing behind. The first line
says the seed of the moments, with which ``python tests/soak.py --seed NUMBER`` repeats them as far as the machine is
equally fast.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from helpers import killed_run

PARSE_SECONDS = 2.0
"""Before that Snakemake has not started a job."""


def main() -> None:
    """Kill as often as asked, then print the figures; the exit status is 1 if a complete run differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    print(f"Seed of the moments: {seed}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        whole, killed = (killed_run.prepare(Path(place, name)) for name in ("whole", "killed"))
        begun = time.monotonic()
        killed_run.finish(whole)
        seconds = time.monotonic() - begun
        expected = killed_run.tables(whole)
        print(f"Undisturbed: {seconds:.0f} s, {len(expected)} files to compare", flush=True)
        wrong = soak(killed, options.kills, random.Random(seed), seconds, expected)
    sys.exit(bool(wrong))


def soak(folder: Path, kills: int, rng: random.Random, seconds: float, expected: dict[str, bytes]) -> list[str]:
    """Kill so many times; a run that is complete is compared and begun anew, and the last one is brought to its end.

    Returns
    -------
    list of str
        Files that differ, and what was left behind.
    """
    wrong: list[str] = []
    count = runs = 0
    while count < kills:
        # Half a run at most, so that each kill meets what another one left.
        end = time.monotonic() + rng.uniform(PARSE_SECONDS, seconds / 2)
        # The training takes a second or two: a kill that gets so far hits it by the number of a step.
        step = killed_run.last_step(folder) + rng.randrange(killed_run.STEPS)
        going = killed_run.kill_when(folder, partial(due, folder, end, step))
        killed_run.unlock(folder)
        count += going
        if going:
            done, step = killed_run.jobs_done(folder), killed_run.last_step(folder)
            print(f"Kill {count} of {kills}: {done} jobs done, training at step {step}")
        if not going or count == kills:
            killed_run.finish(folder)
            runs += 1
            bad = killed_run.differences(folder, expected) + killed_run.leftovers(folder)
            print(f"Run {runs} complete after {count} kills: {', '.join(bad) or 'equal to the undisturbed one'}")
            wrong += bad
            shutil.rmtree(folder / killed_run.RESULTS)
        sys.stdout.flush()
    print(f"{count} kills, {runs} complete runs, {len(wrong)} differences")
    return wrong


def due(folder: Path, end: float, step: int) -> bool:
    """Return whether the time or the step of the training has come."""
    return time.monotonic() >= end or killed_run.last_step(folder) > step


if __name__ == "__main__":
    main()
