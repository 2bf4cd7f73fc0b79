"""Lesson 2's bank: each flaw falls to its attack, and no right answer falls to any."""

from tests.course.bank_tests import BankTests

VAULT = "The Vault 7f3a"
NAME_AND_PASSWORD = f"logged in as member 3 with the own password: {VAULT}"
FROM_THE_NOTE = "and the password from the note opened the account of Ada Lovelace"
RIGHT_ONE = "the right password was let in at try 13"

RESISTS = {
    9: "200 and nobody found; 401 at the login",
    10: "[401, 401, 401, 401]: a wildcard is a character like any other",
    11: "one account, seven refusals",
    # Accepted: DESIGN says why, and the attack repeats it.
    12: "WON: ada@lab.test: 409, to nowhere, 0 cookies; eve@lab.test: 303, to /profile, 2 cookies",
    13: "429 at question 61, Retry-After 60",
    14: "401 and the same page for both",
    15: "the same hashes for both: ['one of cost 4']",
    16: "401 for both",
    17: "401 for the twin in ASCII, 401 for the one in emoji",
    18: "413 for both kinds of form, and nothing was hashed",
    19: "25 guesses cost 25 slow hashes: no word is tried on two members at once",
    20: "the guess changed nothing, and Ada Lovelace's own login renews her hash: $2b$05$",
    21: "429 for the right password, Retry-After 900",
    22: "429 after 5 guesses each way, and not for a neighbour behind the same proxy",
    23: "429 for Mallory; 303 for Ada's laptop, 303 for her new phone later",
    24: "[401, 429]: one was tried, the other was not",
}

# Which attack a flaw falls to, and what the evidence must speak of: an attack that wins for another reason
# teaches the wrong thing.
FLAWS = {
    "address_in_an_f_string": (9, NAME_AND_PASSWORD),
    "address_quoted_by_repr": (9, NAME_AND_PASSWORD),
    "one_f_string_left": (9, f"the search for members read the table of users: {VAULT}"),
    "quotes_doubled": (9, f"the search for members read the table of users: {VAULT}"),
    "like_to_ignore_case": (10, f"%@%.% {FROM_THE_NOTE}"),
    "like_without_percent": (10, f"___@lab.test {FROM_THE_NOTE}"),
    "glob_to_mind_the_case": (10, f"*@*.* {FROM_THE_NOTE}"),
    "select_then_insert": (11, "1 was let in and 7 failed; rows in the table: 1"),
    "trust_the_early_check": (11, "1 was let in and 7 failed; rows in the table: 1"),
    "select_inside_a_transaction": (11, "1 was let in and 7 failed; rows in the table: 1"),
    "return_the_one_that_is_there": (11, "8 were let in and 0 failed; rows in the table: 1"),
    "replace_what_is_in_the_way": (11, "8 were let in and 0 failed; rows in the table: 1"),
    "same_words_and_no_cookie": (12, "ada@lab.test: 303, to /profile, 0 cookies; eve@lab.test: 303"),
    "PausedByThePage": (13, "members are ['ada@lab.test', 'grace@lab.test', 'alan@lab.test']"),
    "not_found_for_strangers": (14, "eve@lab.test: 404"),
    "unauthorized_for_strangers": (14, "eve@lab.test: 401"),
    "strangers_sent_back_to_login": (14, "eve@lab.test: 303"),
    "return_early": (15, "for ada@lab.test: ['one of cost 4']; for eve@lab.test: []"),
    "cheap_dummy": (15, "for eve@lab.test: ['one of cost 6']"),
    "dummy_made_on_the_spot": (15, "for eve@lab.test: ['one of cost 4', 'one of cost 4']"),
    "fast_hash_for_strangers": (15, "for eve@lab.test: []"),
    "random_pause_for_strangers": (15, "for eve@lab.test: []"),
    "plain_bcrypt": (16, "500 for ada@lab.test, 500 for eve@lab.test"),
    "limit_at_signup_only": (16, "500 for ada@lab.test, 401 for eve@lab.test"),
    "first_72_bytes": (17, "72 bytes…-or-else-2"),
    "first_72_characters": (17, "72 bytes…-or-else-2"),
    "counted_in_characters": (17, "🔑🔑🔑🔑🔑🔑🔑🔑…-or-else-2"),
    "cut_to_72_bytes": (17, "72 bytes…-or-else-2"),
    "count_characters": (17, "🔑🔑🔑🔑🔑🔑🔑🔑…-or-else-2"),
    "limits_on_forms_only": (18, "401 for an ordinary form, 413 for multipart; hashed: 1"),
    "room_for_a_photo": (18, "401 for an ordinary form, 401 for multipart; hashed: 2"),
    "salted_sha256": (19, "25 guesses cost 0 slow hashes, and found ['Password1!', 'Password1!']"),
    "pepper_for_a_salt": (19, "a list of 5 hashes, made once for all tables, opens ['eve@lab.test'"),
    "one_global_salt": (19, "a list of 5 hashes, made once for all tables, opens ['eve@lab.test'"),
    "rehash_of_what_was_typed": (20, "the wrong password became the right one"),
    "bcrypt_is_bcrypt": (20, "her hash is still the old one: $2b$04$"),
    "renewed_where_it_is_too_slow": (20, "her hash is still the old one: $2b$04$"),
    "CountsInItself": (21, f"with made-up cookies {RIGHT_ONE}"),
    "AddressesOnly": (21, f"with made-up cookies {RIGHT_ONE}"),
    "ForgivesEverybody": (21, f"with earned cookies {RIGHT_ONE}"),
    "counted_by_cookie": (21, f"with made-up cookies {RIGHT_ONE}"),
    "any_account_will_do": (21, f"with earned cookies {RIGHT_ONE}"),
    "first_hop_trusted": (22, "no proxy: 8 guesses where 5 are allowed"),
    "first_hop_behind_our_proxy": (22, "a proxy: 8 guesses where 5 are allowed"),
    "one_hop_too_many": (22, "a proxy: 8 guesses where 5 are allowed"),
    "real_ip_by_its_name": (22, "no proxy: 8 guesses where 5 are allowed"),
    "every_ipv6_address_for_itself": (22, "IPv6: 8 guesses where 5 are allowed"),
    "only_the_connection": (22, "used up everybody's tries: 429 for a neighbour"),
    "LockedUntilSomebodyCalls": (23, "429 for Ada's new phone, an hour later"),
    "EachTryBeginsTheWaitAnew": (23, "429 for Ada's new phone, an hour later"),
    "account_for_everybody": (23, "429 for Ada's own laptop and her right password"),
    "no_device_is_trusted": (23, "429 for Ada's own laptop and her right password"),
    "ReadsThenWrites": (24, "[401, 401]: 101 guesses where 100 are allowed"),
    "DecidesByTheOldCount": (24, "[401, 401]: 101 guesses where 100 are allowed"),
}

# Which other attacks of the lesson a flaw falls to, and why it cannot be otherwise.
ALSO_FALLS_TO = {
    "not_found_for_strangers": {16},  # who is told apart with any password is so with one of 80 bytes
    "strangers_sent_back_to_login": {16},
    "same_words_and_no_cookie": {11},  # eight sign-ups at once are all welcomed
    "CountsInItself": {13, 22, 24},  # no limit holds
}

# A flaw that even an honest visitor notices, if she signs up twice.
NOTICED = {
    "trust_the_early_check": {"signs up once more": 500, "crashes": 1},
    "return_the_one_that_is_there": {"signs up once more": 303},
    "replace_what_is_in_the_way": {
        "signs up once more": 303,
        "logs in elsewhere": 401,
        "goes on": 0,
        "Grace gives Eve a role": 0,
        "Grace deletes Eve's account": 0,
    },
    "same_words_and_no_cookie": {"signs up once more": 303},
}


class TestBank(BankTests):
    lesson = "lesson_02_passwords"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    noticed = NOTICED
    alternatives = 36
