"""Inputs of every kind: a file, a pipe or standard input becomes base tables."""
