"""The released files of IBBME_TR300M: export, verify, compare with the published arrays."""
