"""What a learner sees under a cell: each display is an object with an HTML and a plain-text side.

The text says what the HTML says: terminals, screen readers and code hosts show only that. Each kind of
display has a module of its own, and none is imported here: a terminal's verdict needs two of them.
"""
