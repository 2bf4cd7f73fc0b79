"""Sessions: the server remembers who signed in, by four verbs: create, read, refresh, delete."""
