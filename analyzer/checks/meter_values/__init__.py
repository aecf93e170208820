"""Checks of MeterValues: values, registers, samples and the transactions that they belong to."""
