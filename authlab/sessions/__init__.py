"""Sessions: the server knows who signed in. Two strategies behind the same verbs, chosen by one setting.

`stateless` keeps everything in the cookie's token, and remembers on the server only what was ended;
`database` keeps a row for each session, and so can list them as well. Both hand out the same kind of signed
token, so that the middleware can read either without a database.
"""
