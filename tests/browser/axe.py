"""axe-core on a page: what stands in somebody's way, by WCAG 2.0 to 2.2 A and AA and by axe's best practices.

axe comes into the page through the devtools protocol, which the content security policy does not govern. So
the policy stays on, and the page is the one that visitors get.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# axe's own names. Of WCAG 2.2 it has rules for level AA only. Naming a tag also turns on those of its rules
# that axe leaves off by default, such as target-size.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# resultTypes: of rules that hold, axe then writes no report, which took half of its time.
RUN = """tags => axe.run(document, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations", "incomplete"],
})"""


def complaints(page: "Page", source: str) -> list[str]:
    """Return a line for each element that breaks a rule: the rule, where, and what to do.

    What axe cannot decide (a text over a picture, say) is on the list, too: nobody else looks at it. `source`
    is axe's own, see the fixture `axe_source`.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(source)
    found = page.evaluate(RUN, TAGS)
    return [
        *_lines("breaks", found["violations"]),
        *_lines("may break", found["incomplete"]),
    ]


def rules(page: "Page", source: str) -> set[str]:
    """Return the names of the rules that `complaints` looks at."""
    page.evaluate(source)
    return set(page.evaluate("tags => axe.getRules(tags).map(rule => rule.ruleId)", TAGS))


def _lines(verb: str, results: list[dict[str, Any]]) -> Iterator[str]:
    for rule in results:
        for node in rule["nodes"]:
            target = " ".join(map(str, node["target"]))
            summary = " ".join(node["failureSummary"].split())
            yield f"{target} {verb} {rule['id']} ({rule['help']}): {summary}"
