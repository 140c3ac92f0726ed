"""The dataset as files of other programs: AnnData and Parquet."""
