"""Inputs of every kind: a file, a pipe or standard input becomes base tables."""

from __future__ import annotations

from analyzer.sources.reading import Options, SourceError, inspect, read

__all__ = ["Options", "SourceError", "inspect", "read"]
