"""What a visitor will recognise a browser by, on the page that lists where they are signed in (lesson 5)."""

# In this order: each browser also names those it wants to be taken for.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
MAX_CHARACTERS = 60


def device_name(user_agent: str) -> str:
    """Return a short name for a browser: `Firefox on Linux`, or what it calls itself where we do not know it.

    The header is the visitor's own word. It is shown to them and believed nowhere.
    """
    browser = next((name for sign, name in BROWSERS if f"{sign}/" in user_agent), None)
    system = next((name for sign, name in SYSTEMS if sign in user_agent), None)
    if browser is not None:
        return browser if system is None else f"{browser} on {system}"
    visible = "".join(character for character in user_agent if character.isprintable())
    return visible[:MAX_CHARACTERS].strip() or "an unknown browser"
