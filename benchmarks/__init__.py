"""The ratios that the course relies on, measured: `make bench`."""
