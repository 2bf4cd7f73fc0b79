"""Realistic wrong versions of parts, one module a lesson. See `bank.flaw`."""
