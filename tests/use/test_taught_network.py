"""A network that was taught an expression without noise: it finds the planted sites, and its designs are true."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from helpers.taught_network import EFFECTS, HELD_OUT, LENGTH, SPLIT, WIDTH, level_context, planted_sites, taught
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tr300m.use.contexts import in_contexts
from tr300m.use.design import Rules, design, repaired
from tr300m.use.design_moves import motif_consensus
from tr300m.use.design_objective import Objective
from tr300m.use.design_review import random_designs
from tr300m.use.design_template import Template, changed_places
from tr300m.use.model import SequenceModel
from tr300m.use.mutagenesis import ism
from tr300m.use.predictor import Predictor

pytestmark = pytest.mark.slow
DRAWN = 8
"""Held-out promoters of each regulator that are looked at."""


class Setting(NamedTuple):
    predictor: Predictor
    permuted: SequenceModel
    truth: Any
    starts: NDArray[np.int64]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    planted, folder = planted_sites(), tmp_path_factory.mktemp("taught")
    networks = [taught(planted, folder / control, control) for control in ("none", "permute_levels")]
    return Setting(Predictor((networks[0],), planted.dataset, SPLIT), networks[1], planted.truth, planted.starts)


def area(setting: Setting, model: SequenceModel) -> float:
    """Return the area under the ROC curve of site bases by their importance, a mean over promoters.

    The site's regulator is 1.5 standard deviations above its mean level, and the importance counts as the regulator
    acts: the bases of a repressor's site lower expression. Its size alone would find sites by any network, because
    an edit of a site changes a best score.
    """
    dataset, areas = setting.predictor.dataset, []
    for regulator in range(len(EFFECTS)):
        query = in_contexts(dataset, level_context(**{f"R{regulator}": 1.5}))
        for gene in [gene for gene in HELD_OUT if setting.starts[gene, regulator] >= 0][:DRAWN]:
            first = setting.starts[gene, regulator]
            found = ism(model, query, int(gene), window_region(setting, int(gene)))
            site = np.isin(np.arange(LENGTH), np.arange(first, first + WIDTH))
            areas.append(roc_auc_score(site, EFFECTS[regulator] * found.importance[0]))
    return float(np.mean(areas))


def window_region(setting: Setting, gene: int) -> tuple[int, int]:
    """Return the whole window as a region around the TSS."""
    tss = Template.of_gene(setting.predictor, str(setting.predictor.dataset.genes.gene_id[gene])).tss
    return -tss, LENGTH - tss


def test_site_bases_of_held_out_genes_are_important(setting: Setting) -> None:
    assert area(setting, setting.predictor.models[0]) >= 0.9


def test_site_bases_are_nothing_special_to_a_network_of_permuted_levels(setting: Setting) -> None:
    assert area(setting, setting.permuted) == pytest.approx(0.5, abs=0.1)


def test_designs_raise_the_true_gap(setting: Setting) -> None:
    """R0 activates in the target, R2 off target."""
    predictor, edits = setting.predictor, 12
    contexts = level_context(R0=1.5).joined(level_context(R2=1.5))
    better, gains, of_random = 0, [], []
    motifs = motif_consensus(predictor.dataset.motifs, predictor.dataset.pssm, ["M0", "M1", "M2", "M3"])
    promoters = [gene for gene in HELD_OUT if setting.starts[gene, 0] < 0][:10]
    for gene in promoters:
        template = Template.of_gene(predictor, str(predictor.dataset.genes.gene_id[gene]))
        rules = Rules(frozenset(range(LENGTH)), edits, motifs=motifs)
        start = repaired(template, rules)
        draft = design(Objective(predictor.models, template, contexts), rules)
        made = len(changed_places(template.bases, draft.bases))
        others = random_designs(template, rules, start, made, seed=3)
        judge = Objective((setting.truth,), template, contexts).at(template.bases)
        before, after, *random = judge.scores([template.bases, draft.bases, *others])
        gains.append(after - before)
        of_random.append(np.mean(random) - before)
        better += after > before
    assert better >= 0.8 * len(promoters)
    assert (np.array(gains) > of_random).mean() >= 0.8
    assert np.mean(gains) > 0.3
