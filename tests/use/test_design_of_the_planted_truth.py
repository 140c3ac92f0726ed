"""Designs guided by the planted truth, against the best that any sequence can have."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.planted_dataset import CONFIG, planted_dataset
from tr300m.simulate.truth import hit_of_score
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.design import Rules, design
from tr300m.use.design_moves import motif_consensus
from tr300m.use.design_objective import Objective
from tr300m.use.design_template import Template, changed_places
from tr300m.use.perturbation import knock_outs, perturbation_table
from tr300m.use.planted_model import PlantedModel, planted_predictor

# In the first context HNF4A activates, in the second the lack of the repressor NRF1 does.
DRIVERS, EDITS = ("HNF4A", "NRF1"), 30


def levels_of(model: PlantedModel, count: int, **deviations: float) -> Contexts:
    """Return a context in which some drivers deviate from their mean level by so many standard deviations."""
    logs = model.level_mean.copy()
    for name, deviation in deviations.items():
        driver = model.drivers.index(name)
        logs[driver] += deviation * model.level_spread[driver]
    levels = np.ones((1, count), np.float32)
    levels[0, model.columns] = np.maximum(np.expm1(logs), 0)
    return Contexts((",".join(deviations),), ("",), levels)


@pytest.fixture(scope="module")
def setting() -> Any:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG)
    # Edits act through regulation only.
    model = replace(predictor.models[0], gc_weight=0.0)
    assert isinstance(model, PlantedModel)
    predictor = replace(predictor, models=(model,))
    contexts = levels_of(model, len(dataset.regulators), HNF4A=2).joined(
        levels_of(model, len(dataset.regulators), NRF1=-2)
    )
    query = in_contexts(dataset, contexts)
    driver = model.drivers.index("HNF4A")
    # A gene with a site of HNF4A, so that there is something to lower.
    for gene in np.flatnonzero(~np.isin(dataset.genes.gene_id, model.gene_ids)):
        at = model.at(query, int(gene))
        if at.hits(at.codes[None])[0, driver] > 0.6 and at.reference.min() > 0.8:
            return predictor, model, contexts, at, str(dataset.genes.gene_name[gene])
    raise AssertionError


@pytest.mark.slow
@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("against", [False, True], ids=["alone", "against"])
def test_a_design_reaches_nine_tenths_of_what_is_possible(setting: Any, against: bool, down: bool) -> None:
    predictor, model, both, at, gene = setting
    contexts = both if against else Contexts(both.names[:1], both.tissues[:1], both.levels[:1])
    template = Template.of_gene(predictor, gene)
    driver = model.drivers.index("HNF4A")
    centre = int(np.argmax(at.scores[driver])) - template.tss
    editable = template.editable((centre - 16, centre + 30))
    motifs = motif_consensus(predictor.dataset.motifs, predictor.dataset.pssm, DRIVERS)
    objective = Objective(predictor.models, template, contexts, down)
    draft = design(objective, Rules(editable, EDITS, motifs=motifs))

    # The lowest hit is that of the best place without an editable base, the highest one that of the best sequence.
    native, lowest = at.hits(at.codes[None])[0], np.empty(len(model.drivers))
    for number, profile in enumerate(model.profiles):
        width = len(profile.scores)
        outside = [place for place in range(len(at.scores[number]))
                   if place > max(editable) or place + width <= min(editable)]  # fmt: skip
        lowest[number] = at.scores[number][outside].max()
    highest = np.array([profile.scores.max(axis=1).sum() for profile in model.profiles])
    low, high = (hit_of_score(best, model.half_hit, model.score_spread) for best in (lowest, highest))
    effects = at.levels * model.effect
    wanted = (-1 if down else 1) * (effects[0] - (effects[1] if against else 0))
    bound = float((np.where(wanted > 0, high, low) - native) @ wanted)

    start = float(objective.at(template.bases).scores([template.bases])[0])
    assert bound > 0.15
    assert 0.9 * bound <= draft.score - start <= bound + 1e-6
    assert len(changed_places(template.bases, draft.bases)) <= EDITS


def test_knock_outs_have_the_planted_sign_and_rank(setting: Any) -> None:
    predictor, model, contexts, _, gene = setting
    regulators = predictor.dataset.regulators
    promoters = predictor.genes(gene)
    found = perturbation_table(predictor, promoters, contexts, knock_outs(regulators), len(regulators))
    here = [row for row, name in enumerate(found["context"]) if name == contexts.names[0]]
    at = model.at(in_contexts(promoters, contexts), 0)
    hits = at.hits(at.codes[None])[0]
    # log1p TPM changes by effect x hit x (standardised log level at 0 - that before).
    zero = -model.level_mean / model.level_spread
    expected = dict.fromkeys(regulators.gene_name.tolist(), 0.0)
    changes = model.effect * hits * (zero - at.levels[0])
    changes = np.maximum(at.reference[0] + changes, 0) - at.reference[0]
    expected |= dict(zip(model.drivers, (changes / np.log(2)).tolist(), strict=True))
    log2fc = [found["log2fc"][row] for row in here]
    np.testing.assert_allclose(log2fc, [expected[found["regulator"][row]] for row in here], atol=1e-5)
    assert np.abs(log2fc).tolist() == sorted(np.abs(log2fc), reverse=True)
    assert found["regulator"][here[0]] == max(expected, key=lambda name: abs(expected[name]))
