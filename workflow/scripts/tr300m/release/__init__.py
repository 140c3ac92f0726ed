"""Export the released files of IBBME_TR300M, verify them, and compare them with the published arrays."""
