"""Realistic wrong versions of parts, one module a lesson. See `bank.flaw`."""

from authlab.course.places import own

__path__ += own("flaws")
