"""Sessions: the server knows who signed in. Two strategies behind the same verbs, chosen by one setting.

`stateless` keeps everything in the cookie's token; `database` also keeps a row on the server, and can end it.
Both hand out the same kind of signed token, so that the middleware can read either without a database.
"""
