"""A whole installation of many processes on one machine, for tests that break it: see ../README.md."""
