"""Right answers in other styles, one module a lesson, written from the question alone. See
`bank.alternative`."""

from authlab.course.places import own

__path__ += own("alternatives")
