"""Wrong ways to decide what leaves, and for whom. Most of them leave out the one field that came to mind."""

import base64
import copy
import hmac
import html
import json
import pickle
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from authlab.course.bank import flaw
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.course.mounting import original
from authlab.db import UserRow
from authlab.dto import ProfileDTO, UserDTO
from authlab.lab.browser import Browser
from authlab.roles import can_edit, can_see_phone, can_see_username

CAN_SEE_PHONE = "authlab.roles:can_see_phone"
USER_DTO = "authlab.dto:user_dto"
PROFILE_DTO = "authlab.dto:profile_dto"
BOOTSTRAP = "authlab.dto:bootstrap"
SERVER_ONLY = "authlab.server_only:ServerOnly"
READ = "authlab.course.kata.lesson_09_data_transfer_objects:read_member_three"
PROOF = "authlab.course.kata.lesson_09_data_transfer_objects:prove_profiles"

T = TypeVar("T")

if TYPE_CHECKING:
    from authlab.server_only import ServerOnly as RightServerOnly
else:
    RightServerOnly = original(SERVER_ONLY)  # the package's own


# user_dto: more than was named


class _HiddenFromRepr(UserDTO):
    password_hash: str = Field(repr=False)


@flaw(
    USER_DTO,
    attack=66,
    misconception="`repr=False` hides a field from whoever prints the object, and from nobody else: JSON has its own rules.",
)
def hidden_from_repr(row: UserRow) -> UserDTO:
    """The hash is along for comparing, and `repr=False` keeps it from being shown."""
    return _HiddenFromRepr(**_named(row), password_hash=row.password_hash.reveal())


class _OpenUserDTO(UserDTO):
    model_config = ConfigDict(extra="allow")


@flaw(
    USER_DTO,
    attack=66,
    misconception="A list of what stays ends with the columns of today: the one that is added tomorrow leaves with the rest.",
)
def all_but_the_hash(row: UserRow) -> UserDTO:
    """One column is secret, so one column is deleted."""
    fields = {**asdict(row), **_named(row)}
    del fields["password_hash"]
    return _OpenUserDTO(**fields)


class _LoggedInDTO(UserDTO):
    session_generation: int
    disabled: bool


@flaw(
    USER_DTO,
    attack=66,
    misconception="A type says what an object has at least: its subclass goes where it goes, with everything that it has.",
)
def subclass_for_ourselves(row: UserRow) -> UserDTO:
    """It is declared as a UserDTO, so that is what leaves; the two further fields are for our own code."""
    return _LoggedInDTO(**_named(row), session_generation=row.session_generation, disabled=row.disabled)


class _Contact(BaseModel):
    phone: str | None


class _StoredContact(_Contact):
    last_login_at: int | None
    password_hash: str


class _WithContact(UserDTO):
    contact: SerializeAsAny[_Contact]


@flaw(
    USER_DTO,
    attack=66,
    misconception="`SerializeAsAny` dumps what an object is, not what its field was declared as: the declaration was the filter.",
)
def serialized_as_any(row: UserRow) -> UserDTO:
    """Fields of subclasses were missing in an answer, and `SerializeAsAny` brought them back."""
    stored = _StoredContact(
        phone=row.phone, last_login_at=row.last_login_at, password_hash=row.password_hash.reveal()
    )
    return _WithContact(**_named(row), contact=stored)


# bootstrap


@flaw(
    BOOTSTRAP,
    attack=66,
    caught_by="test_scripts_are_told_three_things_of_a_user",
    misconception="What a page's scripts may read, every script on the page can send away: they get what they need to work.",
)
def everything_for_the_scripts(user: UserDTO | None) -> str:
    """A script may need more of the user one day."""
    return _inside_a_script(json.dumps({"user": None if user is None else user.model_dump()}))


@flaw(
    BOOTSTRAP,
    attack=111,
    caught_by="test_a_name_that_ends_the_script_is_a_name",
    misconception="JSON is safe for a JSON parser; in a page an HTML parser comes first, and ends the script at `</script`, quotes or not.",
)
def json_as_it_is(user: UserDTO | None) -> str:
    """`json.dumps` escapes whatever needs escaping."""
    return json.dumps({"user": _greeting(user)})


@flaw(
    BOOTSTRAP,
    attack=111,
    caught_by="test_tags_are_tags_in_any_spelling",
    misconception="HTML reads tags in any case and with spaces in them: escape every `<`, and no spelling is left.",
)
def one_spelling_of_the_end(user: UserDTO | None) -> str:
    """Only `</script>` ends a script, so only that is escaped."""
    return json.dumps({"user": _greeting(user)}).replace("</script>", "<\\/script>")


@flaw(
    BOOTSTRAP,
    caught_by="test_a_comment_in_a_name_swallows_no_page",
    misconception="`<!--<script>` changes how the parser reads what follows, and the page's own `</script>` ends nothing.",
)
def closing_tags_only(user: UserDTO | None) -> str:
    """An element is ended by a closing tag, so every `</` is broken up."""
    return json.dumps({"user": _greeting(user)}).replace("</", "<\\/")


@flaw(
    BOOTSTRAP,
    attack=111,
    caught_by="test_a_name_arrives_as_it_is",
    misconception="Inside a script element HTML's `&lt;` is no escape: the script reads the name with the letters `&lt;` in it.",
)
def html_escapes(user: UserDTO | None) -> str:
    """What is put into HTML is escaped for HTML."""
    return html.escape(json.dumps({"user": _greeting(user)}), quote=False)


@flaw(
    BOOTSTRAP,
    attack=111,
    caught_by="test_a_name_arrives_as_it_is",
    misconception="Taking letters out of a name changes the name; written in another way, it is harmless and whole.",
)
def brackets_taken_out(user: UserDTO | None) -> str:
    """Nobody has a `<` in their name."""
    return json.dumps({"user": _greeting(user)}).replace("<", "").replace(">", "")


@flaw(
    BOOTSTRAP,
    caught_by="test_a_line_separator_is_written_as_an_escape",
    misconception="U+2028 ends a line in older JavaScript, in the middle of a string: it is written as an escape, like `<`.",
)
def letters_as_they_are(user: UserDTO | None) -> str:
    """JSON is UTF-8, so there is no need to write é in six letters."""
    return _inside_a_script(json.dumps({"user": _greeting(user)}, ensure_ascii=False))


@flaw(
    BOOTSTRAP,
    caught_by="test_nobody_is_null",
    misconception="A script reads what it is given as JSON: an empty text is none, and the script ends with an error.",
)
def nothing_for_nobody(user: UserDTO | None) -> str:
    """Where nobody is signed in there is nothing to tell."""
    return "" if user is None else _inside_a_script(json.dumps({"user": _greeting(user)}))


@flaw(
    BOOTSTRAP,
    caught_by="test_no_name_is_tidied",
    misconception="A normal form is for comparing names: here it is told, and `ﬁ` in two letters is another name than the one in the database.",
)
def one_form_of_each_letter(user: UserDTO | None) -> str:
    """An accent can be written in two ways, and NFKC makes one of them."""
    known = _greeting(user)
    if known is not None:
        known["name"] = unicodedata.normalize("NFKC", str(known["name"]))
    return _inside_a_script(json.dumps({"user": known}))


@flaw(
    BOOTSTRAP,
    caught_by="test_a_role_is_told_as_it_is",
    misconception="A role that is not known is not yet `user`: told as one, the script and the server speak of two different people.",
)
def user_unless_admin(user: UserDTO | None) -> str:
    """There are two roles, and whoever is no admin is a user."""
    known = _greeting(user)
    if known is not None and known["role"] != "admin":
        known["role"] = "user"
    return _inside_a_script(json.dumps({"user": known}))


@flaw(
    BOOTSTRAP,
    caught_by="test_control_characters_arrive_too",
    misconception="JSON allows no control character in a text, a tab as little as a line's end: `json.dumps` knows all of them.",
)
def quoted_by_hand(user: UserDTO | None) -> str:
    """Quotes, backslashes and the end of a line are what has to be escaped."""
    if user is None:
        return '{"user": null}'
    name = user.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    name = name.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _inside_a_script(f'{{"user": {{"id": {user.id}, "name": "{name}", "role": "{user.role}"}}}}')


# can_see_phone, profile_dto: which viewer sees what


@flaw(
    CAN_SEE_PHONE,
    attack=67,
    caught_by="test_two_times_none_is_no_team",
    misconception="`None == None` is true: who is in no team shares a team with everybody who is in none either.",
)
def two_times_none(viewer: UserRow, owner: UserRow) -> bool:
    """The guide compares the two teams, and so does this."""
    return viewer.id == owner.id or viewer.role == "admin" or viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    attack=67,
    caught_by="test_who_is_in_no_team_is_no_free_game",
    misconception="Without a team nobody is near: what no rule allows is refused, not allowed.",
)
def no_team_no_secrets(viewer: UserRow, owner: UserRow) -> bool:
    """A number is hidden from other teams; who is in none has no other teams."""
    other_team = owner.team is not None and viewer.team != owner.team
    return viewer.id == owner.id or viewer.role == "admin" or not other_team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_an_admin_of_no_team_sees_everybody",
    misconception="The team is one of three reasons: asked first, it turns away admins and owners who are in none.",
)
def no_team_no_answer(viewer: UserRow, owner: UserRow) -> bool:
    """Without a team there is nothing to compare, so the answer is no."""
    if viewer.team is None or owner.team is None:
        return False
    return viewer.id == owner.id or viewer.role == "admin" or viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_the_number_of_an_admin_is_not_for_everybody",
    misconception="It is the viewer's role that opens: asked of the owner, it opens the admins to everybody.",
)
def role_of_the_owner(viewer: UserRow, owner: UserRow) -> bool:
    """One of the two is an admin, so they may."""
    if viewer.id == owner.id or "admin" in (viewer.role, owner.role):
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_a_role_that_nobody_knows_opens_nothing",
    misconception="Who is no user is not yet an admin: name the role that may, and a new one begins with nothing.",
)
def whoever_is_no_user(viewer: UserRow, owner: UserRow) -> bool:
    """There are two roles, and the other one is admin."""
    if viewer.id == owner.id or viewer.role != "user":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_two_people_with_one_name_are_two",
    misconception="A name is no identity: members choose it themselves, and may choose somebody else's.",
)
def same_name_same_person(viewer: UserRow, owner: UserRow) -> bool:
    """Ada may see Ada's number."""
    if viewer.name == owner.name or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_members_see_their_own",
    misconception="A row is a picture of a moment, and the viewer's may be older: who somebody is says the id.",
)
def equal_rows(viewer: UserRow, owner: UserRow) -> bool:
    """It is the same member when everything is the same."""
    if viewer == owner or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_who_gave_no_number_is_seen_all_the_same",
    misconception="Whether somebody may look is one question, what there is to see another: mixed, one answers the other.",
)
def only_if_there_is_one(viewer: UserRow, owner: UserRow) -> bool:
    """Where there is no number, there is none to be seen."""
    if owner.phone is None:
        return False
    if viewer.id == owner.id or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_a_team_is_a_whole_word",
    misconception='`in` between two texts looks for a piece: the team "art" is in "smart".',
)
def team_in_team(viewer: UserRow, owner: UserRow) -> bool:
    """Whoever is in the owner's team may; `in` says it as we do."""
    if viewer.id == owner.id or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team in (owner.team or "")


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_members_see_their_own",
    misconception="Members without a team have a number too, and nobody is nearer to it than they are.",
)
def others_only(viewer: UserRow, owner: UserRow) -> bool:
    """A page about others needs a rule about others."""
    return viewer.role == "admin" or (viewer.team is not None and viewer.team == owner.team)


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_equal_is_enough",
    misconception="`is` asks for one object, and Python keeps only small numbers as one: from some member on, nobody sees their own.",
)
def one_and_the_same(viewer: UserRow, owner: UserRow) -> bool:
    """The owner is the viewer, and `is` says so."""
    if viewer.id is owner.id or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_an_id_is_a_whole_number",
    misconception="As texts, one number is a piece of another: member 121 would be taken for member 1.",
)
def numbers_as_texts(viewer: UserRow, owner: UserRow) -> bool:
    """The number is at the end of the address, so it is looked for there."""
    if viewer.slug.endswith(str(owner.id)) or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_members_are_known_by_their_id",
    misconception="An address can be given up and given to somebody else; the id is given once.",
)
def same_address_same_person(viewer: UserRow, owner: UserRow) -> bool:
    """No two accounts have one e-mail address, so it says who somebody is."""
    if viewer.email == owner.email or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_a_piece_of_a_role_is_no_role",
    misconception='`in` a text looks for a piece, and brackets as in `("admin")` make no list of it: "a" and "" are pieces.',
)
def a_list_of_one_role(viewer: UserRow, owner: UserRow) -> bool:
    """There may be more such roles one day, so this is a list."""
    may_see_all = "admin"
    if viewer.id == owner.id or viewer.role in may_see_all:
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_no_word_means_no_team",
    misconception="Whatever the word in the place of None is, a team may be called so: ask whether there is a team.",
)
def a_word_for_no_team(viewer: UserRow, owner: UserRow) -> bool:
    """Two times None is equal, so one of them gets another word."""
    if viewer.id == owner.id or viewer.role == "admin":
        return True
    return (viewer.team or "none") == (owner.team or "nobody")


@flaw(
    PROFILE_DTO,
    attack=67,
    caught_by="test_the_viewer_is_not_the_owner",
    misconception="With the target in the viewer's place everybody sees with the owner's eyes, and owners see everything.",
)
def viewer_is_the_target(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """The guide asks for the user by slug and then what *that* user may see."""
    near = can_see_phone(owner, owner)
    return ProfileDTO(
        username=owner.slug if can_see_username(owner) else None,
        name=owner.name if near else None,
        phone=owner.phone if near else None,
        editable=can_edit(owner, owner),
    )


@flaw(
    PROFILE_DTO,
    attack=67,
    caught_by="test_a_stranger_does_not_get_the_number",
    misconception="What has left the server is read, whatever the page makes of it: leave it out where it is decided.",
)
def the_page_decides(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """What to show is a question of the page: it gets all of it, and the button only for whom it is for."""
    return ProfileDTO(
        username=owner.slug, name=owner.name, phone=owner.phone, editable=can_edit(viewer, owner)
    )


@flaw(
    PROFILE_DTO,
    attack=67,
    caught_by="test_two_members_without_a_team_are_strangers",
    misconception="A rule that is written a second time is wrong a second time, or soon: ask the function that knows it.",
)
def teams_compared_again(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """The rule is one line, so it may as well stand here."""
    near = viewer.id == owner.id or viewer.role == "admin" or viewer.team == owner.team
    return _profile(viewer, owner, near=near)


class _OpenProfileDTO(ProfileDTO):
    model_config = ConfigDict(extra="allow")


@flaw(
    PROFILE_DTO,
    caught_by="test_four_fields_leave_and_no_other",
    misconception="Deleting what is known to be secret hands out the rest: the e-mail, the role, and tomorrow's column.",
)
def known_secrets_deleted(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """Everything that is secret is deleted from the row."""
    fields = {**asdict(owner), "username": owner.slug, "editable": can_edit(viewer, owner)}
    del fields["password_hash"]
    if not can_see_phone(viewer, owner):
        fields |= {"name": None, "phone": None}
    return _OpenProfileDTO(**fields)


@flaw(
    PROFILE_DTO,
    caught_by="test_hidden_looks_like_never_given",
    misconception='"Hidden" says that there is something: whoever may not see a number learns that it exists.',
)
def hidden_in_words(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """A visitor wonders about a dash; the page says openly that the number is hidden."""
    near = can_see_phone(viewer, owner)
    hidden = None if owner.phone is None else "hidden"
    return _profile(viewer, owner, near=near).model_copy(update={} if near else {"phone": hidden})


@flaw(
    PROFILE_DTO,
    caught_by="test_every_profile_has_the_same_keys",
    misconception="A key that is missing is an answer, and a crash in the page that asks for it: hidden is a value, None.",
)
def hidden_is_left_out(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """What nobody may see is not handed out, not even empty."""
    shown: dict[str, Any] = {"username": owner.slug, "editable": can_edit(viewer, owner)}
    if can_see_phone(viewer, owner):
        shown |= {"name": owner.name, "phone": owner.phone}
    return ProfileDTO.model_construct(**shown)


@flaw(
    PROFILE_DTO,
    caught_by="test_no_piece_of_a_number_leaves",
    misconception="A piece of a secret is a piece of it: four digits are enough to know the number again.",
)
def last_digits_for_everybody(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """The last digits help a colleague to recognise the number, and nobody can call them."""
    near = can_see_phone(viewer, owner)
    last = None if owner.phone is None else f"•••• {owner.phone[-4:]}"
    return _profile(viewer, owner, near=near).model_copy(update={} if near else {"phone": last})


@flaw(
    PROFILE_DTO,
    attack=67,
    caught_by="test_the_name_is_hidden_like_the_number",
    misconception="Each field needs its own question: a name is personal data, too, and here it has the number's rule.",
)
def name_for_everybody(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """The number is private; what somebody is called is not."""
    return _profile(viewer, owner, near=can_see_phone(viewer, owner)).model_copy(update={"name": owner.name})


@flaw(
    PROFILE_DTO,
    caught_by="test_an_admin_sees_all_and_changes_all",
    misconception="Two arguments of one type change places without an error: whoever asks comes first.",
)
def arguments_swapped(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """Whether they may see each other is the same in both directions."""
    return _profile(viewer, owner, near=can_see_phone(owner, viewer))


@flaw(
    PROFILE_DTO,
    caught_by="test_a_team_mate_reads_and_does_not_write",
    misconception="To see and to change are two rights: who may read a number may not replace it.",
)
def to_see_is_to_edit(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """Whoever is near enough to see it is near enough to correct it."""
    near = can_see_phone(viewer, owner)
    return _profile(viewer, owner, near=near).model_copy(update={"editable": near})


@flaw(
    PROFILE_DTO,
    caught_by="test_a_team_mate_reads_what_the_owner_gave",
    misconception="The viewer decides whether something is shown, and the owner what: taken from the viewer's row, it is their own number.",
)
def the_number_of_the_viewer(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """It is a profile for the viewer."""
    near = can_see_phone(viewer, owner)
    return _profile(viewer, owner, near=near).model_copy(update={"phone": viewer.phone if near else None})


@flaw(
    PROFILE_DTO,
    caught_by="test_the_username_is_the_slug",
    misconception="The username is for every member, so it must not be made of what only some may see.",
)
def called_by_name(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """A user's name is the username."""
    near = can_see_phone(viewer, owner)
    return _profile(viewer, owner, near=near).model_copy(update={"username": owner.name})


@flaw(
    PROFILE_DTO,
    caught_by="test_the_username_has_a_rule_too",
    misconception="A rule that says yes today is still the rule: where it is not asked, a new one is not heard.",
)
def username_for_everybody(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """`can_see_username` says yes to everybody, so there is nothing to ask."""
    near = can_see_phone(viewer, owner)
    return _profile(viewer, owner, near=near).model_copy(update={"username": owner.slug})


@flaw(
    PROFILE_DTO,
    caught_by="test_the_username_has_a_rule_too",
    misconception="The rule is about who looks: asked about the owner, it tells everybody what only the owner may see.",
)
def username_asked_of_the_owner(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """It is the owner's name, so it is the owner who is asked about."""
    username = owner.slug if can_see_username(owner) else None
    near = can_see_phone(viewer, owner)
    return _profile(viewer, owner, near=near).model_copy(update={"username": username})


# ServerOnly: a guard that gives way. Each comes with the mistake that it should have stopped.


def _row_as_it_is(row: UserRow) -> UserDTO:
    return _OpenUserDTO(**{**asdict(row), **_named(row)})


@flaw(
    SERVER_ONLY,
    attack=66,
    companions={USER_DTO: _row_as_it_is},
    caught_by="test_json_does_not_tell_it",
    misconception="A text with another `repr` is still a text: JSON, templates and copies take it for what it is.",
)
class TextWithAnotherRepr(str):
    """Secrets leak where objects are printed, so this one prints as something else."""

    def __new__(cls, value: str | None) -> "TextWithAnotherRepr":
        return super().__new__(cls, value or "")

    def __repr__(self) -> str:
        return "<server only>"

    def reveal(self) -> str:
        """Return the value."""
        return str.__str__(self)


@flaw(
    SERVER_ONLY,
    attack=66,
    companions={USER_DTO: _row_as_it_is},
    caught_by="test_a_row_turned_into_a_dict_keeps_it_closed",
    misconception="Whoever copies a row copies the guards in it: `asdict` copies deeply, and here a copy is the bare value.",
)
class OpenedByACopy(RightServerOnly[T]):
    """A deep copy is a copy of what is inside."""

    def __deepcopy__(self, memo: object) -> Any:
        return copy.deepcopy(self.reveal())


def _whatever_json_takes(row: UserRow) -> UserDTO:
    fields = json.loads(json.dumps(asdict(row), default=vars))
    return _OpenUserDTO(**{**fields, **_named(row)})


@flaw(
    SERVER_ONLY,
    attack=66,
    companions={USER_DTO: _whatever_json_takes},
    caught_by="test_json_does_not_find_it_either",
    misconception="`repr` is for whoever prints; whoever serialises looks into the attributes, and there it lies open.",
)
class HiddenFromPrinting(Generic[T]):
    """Secrets leak into logs, where objects are printed, so this one prints as something else."""

    def __init__(self, value: T) -> None:
        self.value = value

    def reveal(self) -> T:
        """Return the value. Whoever reads the code finds every place where it comes out."""
        return self.value

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return "<server only>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(("server only", self.value))


@flaw(
    SERVER_ONLY,
    attack=66,
    companions={USER_DTO: _row_as_it_is},
    caught_by="test_a_row_turned_into_a_dict_keeps_it_closed",
    misconception="`asdict` goes through every dataclass that it finds, down to the bare values: a guard that is one is taken apart.",
)
@dataclass(frozen=True)
class GuardThatIsADataclass(Generic[T]):
    """A dataclass brings equality, and `repr=False` keeps the value from being printed."""

    value: T = field(repr=False)

    def reveal(self) -> T:
        """Return the value."""
        return self.value

    def __repr__(self) -> str:
        return "<server only>"

    def __getstate__(self) -> NoReturn:
        raise TypeError("not pickled")

    def __deepcopy__(self, memo: object) -> "GuardThatIsADataclass[T]":
        return self


@flaw(
    SERVER_ONLY,
    caught_by="test_pickle_is_refused",
    misconception="pickle writes an object's state, slots included: caches, queues and dumps are files on a disk.",
)
class SlotsWillDo(RightServerOnly[T]):
    """Without a `__dict__` no serialiser finds anything."""

    __slots__ = ()

    def __getstate__(self) -> Any:
        return None, {"value": self.reveal()}


@flaw(
    SERVER_ONLY,
    caught_by="test_an_fstring_does_not_tell_it",
    misconception="An f-string asks `__format__`, not `__repr__`: what is written for a table's width is a way out.",
)
class ReadyForTables(RightServerOnly[T]):
    """A width in an f-string was an error, so formatting is the value's business."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return format(self.reveal(), spec)


@flaw(
    SERVER_ONLY,
    caught_by="test_what_is_printed_is_the_same_for_all",
    misconception="Dots for letters tell how many letters there are: a closed value has one text, whatever it holds.",
)
class ADotForEachLetter(RightServerOnly[T]):
    """Password fields show dots, so this does, too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "•" * len(str(self.reveal()))


@flaw(
    SERVER_ONLY,
    caught_by="test_json_finds_nothing_of_it",
    misconception="Base64 is another way of writing, not a lock: whoever gets the text gets the value.",
)
class WrittenInBase64(Generic[T]):
    """Nobody can read base64."""

    def __init__(self, value: T) -> None:
        self.scrambled = base64.b64encode(str(value).encode()).decode()
        self.reveal = lambda: value

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return "<server only>"

    def __getstate__(self) -> NoReturn:
        raise TypeError("not pickled")

    def __copy__(self) -> "WrittenInBase64[T]":
        return self

    def __deepcopy__(self, memo: object) -> "WrittenInBase64[T]":
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WrittenInBase64) and self.scrambled == other.scrambled

    def __hash__(self) -> int:
        return hash(self.scrambled)


@flaw(
    SERVER_ONLY,
    caught_by="test_a_copy_can_be_revealed",
    misconception="Rows are copied all the time: a guard that forbids it makes the row useless, and is soon taken off.",
)
class NeverCopied(RightServerOnly[T]):
    """What cannot be copied cannot get away."""

    __slots__ = ()

    def __copy__(self) -> NoReturn:
        raise TypeError("not copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("not copied")


@flaw(
    SERVER_ONLY,
    caught_by="test_it_equals_no_bare_value",
    misconception="What equals the bare value can be found by guessing, and stands in for it wherever values are compared.",
)
class EqualToItsValue(RightServerOnly[T]):
    """It is a value, so it compares like one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return bool(self.reveal() == (other.reveal() if isinstance(other, RightServerOnly) else other))

    def __hash__(self) -> int:
        return hash(self.reveal())


@flaw(
    SERVER_ONLY,
    caught_by="test_what_is_made_of_a_value_is_not_the_value",
    misconception="A hash in Python's sense is a short number that different values share: -1 and -2 have one.",
)
class EqualByHash(RightServerOnly[T]):
    """Two values with one hash are the same value, and nobody has to look at them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RightServerOnly) and hash(self) == hash(other)

    def __hash__(self) -> int:
        return hash(self.reveal())


@flaw(
    SERVER_ONLY,
    caught_by="test_what_is_made_of_a_value_is_not_the_value",
    misconception='Written as texts, None is "None" and 1 is "1": two values of different types become equal.',
)
class ComparedAsTexts(RightServerOnly[T]):
    """Secrets are compared in constant time, and `compare_digest` wants bytes."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RightServerOnly):
            return False
        return hmac.compare_digest(str(self.reveal()).encode(), str(other.reveal()).encode())

    def __hash__(self) -> int:
        return hash(("server only", str(self.reveal())))


@flaw(
    SERVER_ONLY,
    caught_by="test_every_value_equals_itself",
    misconception="None and the empty text are values as well: a row with one of them equals its copy no more.",
)
class NothingEqualsNothing(RightServerOnly[T]):
    """Where there is no value there is nothing to compare."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RightServerOnly) or not self.reveal():
            return False
        return bool(self.reveal() == other.reveal())

    def __hash__(self) -> int:
        return hash(("server only", self.reveal()))


@flaw(
    SERVER_ONLY,
    caught_by="test_it_is_revealed_as_it_was",
    misconception='`or` takes the empty text and 0 for nothing: what was kept as "" comes back as None.',
)
class EmptyIsNone(RightServerOnly[T]):
    """Where there is no value, it says None."""

    __slots__ = ()

    def reveal(self) -> Any:
        """Return the value."""
        return super().reveal() or None


@flaw(
    SERVER_ONLY,
    caught_by="test_pickle_is_refused_with_a_type_error",
    misconception="What has no pickle is a `TypeError` in Python, as for a lock or a file; `PicklingError` is no kind of it.",
)
class RefusedByItsOwnError(RightServerOnly[T]):
    """The module has an error of its own, so that is the one to raise."""

    __slots__ = ()

    def __getstate__(self) -> NoReturn:
        raise pickle.PicklingError("a server-only value is not pickled")


@flaw(
    SERVER_ONLY,
    caught_by="test_json_does_not_take_it_apart",
    misconception="What can be gone through can be listed: with `default=list`, as many have it for sets, JSON gets every letter.",
)
class GoneThroughLikeAText(RightServerOnly[T]):
    """Code that goes through the value should go on working."""

    __slots__ = ()

    def __iter__(self) -> Any:
        return iter(str(self.reveal()))


@flaw(
    SERVER_ONLY,
    caught_by="test_it_does_not_stand_in_for_its_value",
    misconception="Handed on to the value, each of its methods is a door: `closed.upper()` tells it, and nobody reads `reveal`.",
)
class AnswersInItsPlace(RightServerOnly[T]):
    """What it does not know itself, the value knows; so no code has to change."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reveal(), name)


@flaw(
    SERVER_ONLY,
    caught_by="test_its_text_says_what_it_is",
    misconception="Stars look like a password that somebody typed: `<server only>` says what is missing, and why.",
)
class FiveStars(RightServerOnly[T]):
    """Secrets are shown as stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "*****"


# 9.1: attacks that bring nothing


@flaw(
    READ,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="Ada has a team, so for her the comparison is false: the hole is open for those who have none.",
)
def stays_ada(ada: Browser, mallory: Browser) -> str:
    """A member is a member, and Ada is one already."""
    return ada.get("/members/member-3").text


@flaw(
    READ,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The page is for members: a visitor whom nobody knows is sent to log in.",
)
def walks_in_unknown(ada: Browser, mallory: Browser) -> str:
    """Who is nobody is in no team."""
    return mallory.get("/members/member-3").text


@flaw(
    READ,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="An account is its owner's and the admins' by another rule, which is sound: the hole is in the profile.",
)
def asks_for_the_account(ada: Browser, mallory: Browser) -> str:
    """The account tells more than the page."""
    mallory.post("/signup", _MALLORY)
    return mallory.get("/api/users/3").text


@flaw(
    READ,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A field that a form does not have is refused with the form (lesson 1): no team is chosen at sign-up.",
)
def brings_a_team(ada: Browser, mallory: Browser) -> str:
    """The team is a column, so it is sent along."""
    mallory.post("/signup", {**_MALLORY, "team": ""})
    return mallory.get("/members/member-3").text


# 9.6: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_profiles_of_this_lesson",
    misconception="A team mate and an admin may see nearly everything: wrong versions go wrong where somebody may not.",
)
def only_who_may(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """Those who may see it see it, so it works."""
    assert profile_dto(member(1), member(1)).phone == "0 555 01"
    assert profile_dto(member(1, team="engines"), member(2, team="engines")).phone == "0 555 01"
    assert profile_dto(member(4, role="admin"), member(1)).phone == "0 555 01"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_profiles_of_this_lesson",
    misconception="Both had a team: what `None == None` does is only seen with two members who have none.",
)
def everybody_has_a_team(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """One of the team, one of another team, an admin."""
    only_who_may(profile_dto)
    stranger = profile_dto(member(1, team="engines"), member(3, team="compilers"))
    assert stranger.model_dump() == _NOTHING
    assert profile_dto(member(1, team="engines"), member(4, role="admin")).phone is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_profiles_of_this_lesson",
    misconception="Where a key is missing, asking for it crashes the proof, which proves nothing: compare the whole dict.",
)
def asks_for_each_field(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """Three fields, three assertions for each pair."""
    only_who_may(profile_dto)
    for viewer in (member(1, team="engines"), member(5)):
        profile = profile_dto(viewer, member(3))
        assert profile.username == "member-3"
        assert profile.name is None
        assert profile.phone is None


@flaw(
    PROOF,
    caught_by="test_it_spares_right_profiles",
    misconception="It asks for something the rules do not say: an admin may see and change every profile.",
)
def nobody_edits_others(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """A profile is its owner's to change."""
    everybody_has_a_team(profile_dto)
    assert profile_dto(member(5), member(3)).model_dump() == _NOTHING
    assert profile_dto(member(4, role="admin"), member(3)).editable is False


@flaw(
    PROOF,
    caught_by="test_it_spares_right_profiles",
    misconception="What a stranger may not see is None, and the key is there: a right profile has all four.",
)
def hidden_means_missing(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """What is hidden is not there."""
    assert set(profile_dto(member(5), member(3)).model_dump()) == {"username", "editable"}


_MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
_NOTHING = {"username": "member-3", "name": None, "phone": None, "editable": False}


# What the flaws share with the package


def _profile(viewer: UserRow, owner: UserRow, *, near: bool) -> ProfileDTO:
    return ProfileDTO(
        username=owner.slug if can_see_username(viewer) else None,
        name=owner.name if near else None,
        phone=owner.phone if near else None,
        editable=can_edit(viewer, owner),
    )


def _named(row: UserRow) -> dict[str, Any]:
    right: UserDTO = original(USER_DTO)(row)
    return right.model_dump()


def _greeting(user: UserDTO | None) -> dict[str, int | str] | None:
    return None if user is None else {"id": user.id, "name": user.name, "role": user.role}


def _inside_a_script(text: str) -> str:
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_a_role_is_a_whole_word",
    misconception="`in` looks for one text inside another: `no-admin` has `admin` in it, and is told everything.",
)
def admin_somewhere_in_it(viewer: UserRow, owner: UserRow) -> bool:
    """Whatever has admin in its name is an admin."""
    if viewer.id == owner.id or "admin" in viewer.role:
        return True
    return viewer.team is not None and viewer.team == owner.team


@flaw(
    CAN_SEE_PHONE,
    caught_by="test_a_team_is_spelled_in_one_way",
    misconception="Nobody has said that `Engines` and `engines` are one team: whoever can name a team as they like joins another's.",
)
def teams_without_capitals(viewer: UserRow, owner: UserRow) -> bool:
    """Capitals make no difference to people."""
    if viewer.id == owner.id or viewer.role == "admin":
        return True
    return viewer.team is not None and owner.team is not None and viewer.team.lower() == owner.team.lower()
