"""Real regulators for simulated annotations: Ensembl ID, symbol and DNA-binding domain (Lambert et al. 2018).

Their names are real, so that JASPAR profiles match them by name. They have 117 human profiles in JASPAR 2022, from none
to six (TFAP2A) each.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Regulator(NamedTuple):
    """A row of the list of regulators."""

    gene_id: str
    symbol: str
    domain: str
    is_tf: str


def _rows(text: str) -> tuple[Regulator, ...]:
    return tuple(Regulator(*line.split("|")) for line in text.split("\n") if line)


REGULATORS = _rows(
    """\
ENSG00000137203|TFAP2A|AP-2|Yes
ENSG00000087510|TFAP2C|AP-2|Yes
ENSG00000125952|MAX|bHLH|Yes
ENSG00000136997|MYC|bHLH|Yes
ENSG00000129152|MYOD1|bHLH|Yes
ENSG00000105698|USF2|bHLH|Yes
ENSG00000128272|ATF4|bZIP|Yes
ENSG00000172216|CEBPB|bZIP|Yes
ENSG00000118260|CREB1|bZIP|Yes
ENSG00000116044|NFE2L2|bZIP|Yes
ENSG00000113916|BCL6|C2H2 ZF|Yes
ENSG00000102974|CTCF|C2H2 ZF|Yes
ENSG00000120738|EGR1|C2H2 ZF|Yes
ENSG00000169635|HIC2|C2H2 ZF|Yes
ENSG00000102554|KLF5|C2H2 ZF|Yes
ENSG00000084093|REST|C2H2 ZF|Yes
ENSG00000019549|SNAI2|C2H2 ZF|Yes
ENSG00000185591|SP1|C2H2 ZF|Yes
ENSG00000100811|YY1|C2H2 ZF|Yes
ENSG00000166478|ZNF143|C2H2 ZF|Yes
ENSG00000172466|ZNF24|C2H2 ZF|Yes
ENSG00000006194|ZNF263|C2H2 ZF|Yes
ENSG00000197360|ZNF98|C2H2 ZF|Yes
ENSG00000148516|ZEB1|C2H2 ZF; Homeodomain|Yes
ENSG00000001167|NFYA|CBF/NF-Y|Yes
ENSG00000169856|ONECUT1|CUT; Homeodomain|Yes
ENSG00000154832|CXXC1|CxxC|Yes
ENSG00000101412|E2F1|E2F|Yes
ENSG00000158711|ELK4|Ets|Yes
ENSG00000139083|ETV6|Ets|Yes
ENSG00000066336|SPI1|Ets|Yes
ENSG00000129514|FOXA1|Forkhead|Yes
ENSG00000049768|FOXP3|Forkhead|Yes
ENSG00000102145|GATA1|GATA|Yes
ENSG00000179348|GATA2|GATA|Yes
ENSG00000136574|GATA4|GATA|Yes
ENSG00000100146|SOX10|HMG/Sox|Yes
ENSG00000148737|TCF7L2|HMG/Sox|Yes
ENSG00000135100|HNF1A|Homeodomain|Yes
ENSG00000078399|HOXA9|Homeodomain|Yes
ENSG00000183072|NKX2-5|Homeodomain|Yes
ENSG00000069011|PITX1|Homeodomain|Yes
ENSG00000007372|PAX6|Homeodomain; Paired box|Yes
ENSG00000204531|POU5F1|Homeodomain; POU|Yes
ENSG00000125347|IRF1|IRF|Yes
ENSG00000068305|MEF2A|MADS box|Yes
ENSG00000112658|SRF|MADS box|Yes
ENSG00000173153|ESRRA|Nuclear receptor|Yes
ENSG00000101076|HNF4A|Nuclear receptor|Yes
ENSG00000132170|PPARG|Nuclear receptor|Yes
ENSG00000141510|TP53|p53|Yes
ENSG00000143390|RFX5|RFX|Yes
ENSG00000020633|RUNX3|Runt|Yes
ENSG00000115415|STAT1|STAT|Yes
ENSG00000089225|TBX5|T-box|Yes
ENSG00000112592|TBP|TBP|Yes
ENSG00000187079|TEAD1|TEA|Yes
ENSG00000198690|FAN1|Unknown|No
ENSG00000125686|MED1|Unknown|No
ENSG00000106459|NRF1|Unknown|Yes
ENSG00000107372|ZFAND5|ZZ-type ZF|No
"""
)

# In the annotation it is a pseudogene: regulators need not be protein-coding.
PSEUDOGENE_REGULATOR = Regulator("ENSG00000240225", "ZNF542P", "C2H2 ZF", "No")

# On chrX and, with the suffix _PAR_Y, on chrY.
PAR_REGULATORS = _rows(
    """\
ENSG00000167393|PPP2R3B|Unknown|No
ENSG00000185960|SHOX|Homeodomain|Yes
ENSG00000214717|ZBED1|BED ZF|Yes
"""
)
PAR_OTHERS = (("ENSG00000182378", "PLCXD1"), ("ENSG00000178605", "GTPBP6"))

# In the list, but in no annotation; the first has no Ensembl ID.
ABSENT_REGULATORS = _rows(
    """\
DUX1_HUMAN|DUX1|Homeodomain|Yes
ENSG00000204828|FOXD4L2|Forkhead|No
"""
)

# The release skipped the first two by mistake; the third has the most profiles.
ALWAYS = ("FAN1", "SOX10", "TFAP2A")


def choose_regulators(count: int, drivers: Sequence[str]) -> list[Regulator]:
    """Return `count` regulators in the order of `REGULATORS`, including the drivers and those in `ALWAYS`."""
    first = {*drivers, *ALWAYS}
    ranked = sorted(REGULATORS, key=lambda row: row.symbol not in first)
    chosen = set(ranked[: max(count, sum(row.symbol in first for row in ranked))])
    return [row for row in REGULATORS if row in chosen]
