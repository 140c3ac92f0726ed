"""Check what a configuration needs before anything is downloaded or computed."""
