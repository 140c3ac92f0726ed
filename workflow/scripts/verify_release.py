"""Compare the exported files with the published sizes and checksums of the released ones."""

import sys
import zlib
from collections import Counter

from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.release.export import Written
from tr300m.release.published import read_published
from tr300m.release.verify import compresses_alike, verification

with job(snakemake.log[0]):
    published = read_published(snakemake.input.published)
    written = {
        name: Written.from_json(read_json(path))
        for name, path in zip(snakemake.params.arrays, snakemake.input.records, strict=True)
    }
    unlike = dict.fromkeys(published, identify(read_json(snakemake.input.manifest)).unlike_release)
    # No other array has the same source, and the manifest does not list it.
    unlike["creSeqArr_gene"] = unlike["creSeqArr_gene"] or snakemake.params.unlike_cres
    table = verification(written, published, unlike)
    if compresses_alike(written, published) is False:
        print(
            f"zlib {zlib.ZLIB_RUNTIME_VERSION} compresses to different bytes than that of the release: "
            "the uncompressed .npy is compared where its SHA-256 is known",
            file=sys.stderr,
        )
    for verdict, count in Counter(table["verdict"]).items():
        print(f"{count} of {len(published)} arrays: {verdict}", file=sys.stderr)
    write_tsv(snakemake.output.table, table)
