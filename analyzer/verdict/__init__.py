"""From findings and clues to what a person reads first: causes, checklist, coverage, verdict."""
