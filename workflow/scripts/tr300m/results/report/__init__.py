"""The tables of the report and the report itself."""
