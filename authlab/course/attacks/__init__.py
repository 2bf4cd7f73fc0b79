"""Short programs that try what an outsider would try, one module a lesson. See `bank.attack`."""
