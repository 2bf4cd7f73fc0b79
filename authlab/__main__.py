"""`python3 -m authlab COMMAND`.

This file parses on any Python, 2.7 included: who types the command with an old one reads one
line that says so, not a SyntaxError.
"""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "authlab: expected Python 3.11 or newer, got %d.%d. Install a newer Python, then run it "
        "with that one, for example: python3.11 -m authlab lab\n" % sys.version_info[:2]
    )
    sys.exit(2)

# Only a new enough Python can read that module, hence not at the top.
from authlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
