"""Vectorised kernels over plain arrays: gaps, pairs, as-of look-ups, densest windows."""
