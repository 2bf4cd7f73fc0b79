"""Short programs that try what an outsider would try, one module a lesson. See `bank.attack`."""

from authlab.course.places import own

__path__ += own("attacks")
