"""Who may do what: 401 asks who you are, 403 says not you, and roles have no order."""

import pytest

from authlab.db import UserRow
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.roles import (
    ROLES,
    Role,
    can_edit,
    can_see_phone,
    can_see_username,
    dashboard,
    require_role,
)
from authlab.routes import ROUTES
from authlab.server_only import ServerOnly


def user(number: int, role: str = "user", team: str | None = None) -> UserRow:
    return UserRow(
        number, f"member-{number}", "A name", f"{number}@lab.test", ServerOnly("a hash"), role, team
    )


ADA_ROW, GRACE_ROW, ALAN_ROW = user(1, team="engines"), user(2, "admin"), user(3)


# require_role


@pytest.mark.parametrize(("someone", "role"), [(ADA_ROW, "user"), (GRACE_ROW, "admin")])
def test_who_has_the_role_goes_on_as_themselves(someone: UserRow, role: Role) -> None:
    """The very row that was asked about comes back, so that what follows works with no other one."""
    assert require_role(someone, role) is someone


@pytest.mark.parametrize("role", ["user", "admin"])
def test_nobody_is_asked_who_they_are(role: Role) -> None:
    """401: a login may help. No cookie was refused here, so none is taken back."""
    with pytest.raises(NotSignedIn) as refused:
        require_role(None, role)
    assert refused.value.stale is False


@pytest.mark.parametrize(
    ("theirs", "role"),
    [
        ("user", "admin"),
        ("admin", "user"),  # no order: an admin is not also a user
        ("Admin", "admin"),
        ("admin ", "admin"),
        ("administrator", "admin"),
        ("", "admin"),
        ("", "user"),
        ("owner", "user"),
        ("owner", "admin"),
    ],
)
def test_another_role_is_refused(theirs: str, role: Role) -> None:
    """403: a login as the same person would not help. A role that nobody knows is no role, not the least."""
    with pytest.raises(Forbidden):
        require_role(user(1, theirs), role)


# dashboard


def test_every_role_has_a_dashboard_of_its_own() -> None:
    """Who adds a role is told here that a page for it is missing."""
    assert ROLES == ("user", "admin")
    assert {role: dashboard(role) for role in ROLES} == {
        "user": "dashboard_user.html",
        "admin": "dashboard_admin.html",
    }


@pytest.mark.parametrize("role", ["", "owner", "Admin", "admin ", "../admin", "user.html"])
def test_an_unknown_role_has_no_dashboard(role: str) -> None:
    """Not the user's, and least of all the admin's."""
    with pytest.raises(Forbidden):
        dashboard(role)


# can_see_phone, can_edit


@pytest.mark.parametrize(
    ("viewer", "owner", "sees", "edits"),
    [
        (ADA_ROW, ADA_ROW, True, True),
        (ALAN_ROW, ALAN_ROW, True, True),  # one's own, also without a team
        (GRACE_ROW, ADA_ROW, True, True),
        (GRACE_ROW, ALAN_ROW, True, True),
        (ADA_ROW, user(4, team="engines"), True, False),
        (user(4, team="engines"), ADA_ROW, True, False),
        (ADA_ROW, user(4, team="compilers"), False, False),
        (ADA_ROW, ALAN_ROW, False, False),
        (ALAN_ROW, ADA_ROW, False, False),
        (ALAN_ROW, user(4), False, False),  # two times None is no team
        (ALAN_ROW, GRACE_ROW, False, False),
        (user(4, team="Engines"), ADA_ROW, False, False),
        (user(4, "Admin"), ADA_ROW, False, False),
    ],
)
def test_who_sees_and_who_edits(viewer: UserRow, owner: UserRow, sees: bool, edits: bool) -> None:
    """To see and to change are two permissions: a team-mate has the one without the other."""
    assert can_see_phone(viewer, owner) is sees
    assert can_edit(viewer, owner) is edits


@pytest.mark.parametrize("viewer", [ADA_ROW, GRACE_ROW, ALAN_ROW])
def test_every_member_sees_what_another_is_called_here(viewer: UserRow) -> None:
    """The name in addresses: without it nobody could open a profile."""
    assert can_see_username(viewer) is True


# Every address of the app, for each of the three: the table that lesson 10 shows

FORMS = {"actions.set_role": {"role": "user"}, "actions.set_team": {"team": "engines"}}
FORMS["actions.set_phone"] = {"phone": "0 555 1"}
ADMINS_PAGES = ["pages.admin", "api.users"]
ADMINS_ACTIONS = [
    "actions.set_role",
    "actions.set_team",
    "actions.end_sessions",
    "actions.disable",
    "actions.enable",
    "actions.delete_user",
]


@pytest.fixture(params=["stateless", "database"])
def app(request: pytest.FixtureRequest) -> LabApp:
    return LabApp(sessions=request.param)


def visit(browser: Browser, endpoint: str, number: int) -> int:
    """Send what the endpoint takes, for the account of this number; return the status."""
    method, path, _ = ROUTES[endpoint]
    path = path.replace("<int:user_id>", str(number)).replace("<slug>", f"member-{number}")
    if method == "POST":
        return browser.post(path, FORMS.get(endpoint, {})).status_code
    return browser.get(path).status_code


def signed_in(app: LabApp, who: tuple[str, str, str]) -> Browser:
    browser = app.browser()
    assert browser.post("/login", {"email": who[1], "password": who[2]}).status_code == 303
    return browser


def test_the_table_names_every_admin_s_endpoint() -> None:
    """Who adds one says here that it is an admin's."""
    about_users = {endpoint for endpoint, (_, path, _) in ROUTES.items() if "/admin" in path}
    assert about_users == {"pages.admin", *ADMINS_ACTIONS}


@pytest.mark.parametrize("endpoint", [*ADMINS_PAGES, *ADMINS_ACTIONS])
def test_what_is_the_admins_is_nobody_else_s(app: LabApp, endpoint: str) -> None:
    """A guest is asked to log in, Ada refused as herself, and neither changes anything; Grace is served."""
    done = 200 if endpoint in ADMINS_PAGES else 303
    asked = 401 if endpoint.startswith("api.") else 303
    guest, ada, grace = app.browser(), signed_in(app, ADA), signed_in(app, GRACE)
    before = app.users()
    assert visit(guest, endpoint, 3) == asked
    assert visit(ada, endpoint, 3) == 403
    assert visit(ada, endpoint, 1) == 403  # nor their own account
    assert app.users() == before
    assert visit(grace, endpoint, 3) == done


@pytest.mark.parametrize("endpoint", ADMINS_ACTIONS)
def test_for_an_account_that_is_not_there_the_admin_gets_404(app: LabApp, endpoint: str) -> None:
    """Two clicks on "Delete" are no crash; and a member is told 403 here, too, and so learns of no number."""
    grace, ada = signed_in(app, GRACE), signed_in(app, ADA)
    assert visit(grace, endpoint, 99) == 404
    assert visit(ada, endpoint, 99) == 403


@pytest.mark.parametrize("endpoint", ["actions.set_role", "actions.disable", "actions.delete_user"])
def test_an_admin_does_not_lock_themselves_out(app: LabApp, endpoint: str) -> None:
    """By mistake nobody is left who could undo it: this takes another admin."""
    grace = signed_in(app, GRACE)
    assert visit(grace, endpoint, 2) == 404
    assert visit(grace, "pages.admin", 2) == 200


def test_a_role_holds_from_the_next_request_on(app: LabApp) -> None:
    """Given or taken: nobody has to log in again for it, and nobody keeps it until they do."""
    ada, grace = signed_in(app, ADA), signed_in(app, GRACE)
    assert ada.get("/admin").status_code == 403
    grace.post("/admin/users/1/role", {"role": "admin"})
    assert ada.get("/admin").status_code == 200
    ada.post("/admin/users/2/role", {"role": "user"})
    assert grace.get("/admin").status_code == 403


@pytest.mark.parametrize("role", ["", "owner", "Admin", "admin'--"])
def test_no_role_is_given_that_does_not_exist(app: LabApp, role: str) -> None:
    """The form's list is the page's; whoever sends something else is refused, not stored."""
    grace = signed_in(app, GRACE)
    assert grace.post("/admin/users/1/role", {"role": role}).status_code == 422
    assert app.users()[0].role == "user"
