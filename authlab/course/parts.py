"""The parts of the app that a learner, a flaw or an alternative can stand in for, in the order of the
lessons.

A part is a public function or class with explicit inputs, named `module:name`. `mounting` gives each a slot.
"""

PARTS = (
    "authlab.responses:see_other",
    "authlab.forms:canonical_email",
    "authlab.forms:password_problems",
    "authlab.forms:validate_signup",
    "authlab.forms:Debouncer",
    "authlab.pages:templates",
    "authlab.passwords:hash_password",
    "authlab.passwords:verify_password",
    "authlab.passwords:needs_rehash",
    "authlab.accounts:create_user",
    "authlab.accounts:authenticate",
    "authlab.tokens:load_secret",
    "authlab.tokens:sign_session",
    "authlab.tokens:pick_key",
    "authlab.tokens:verify_session_token",
    "authlab.origins:origin_allowed",
)
