"""Apply an htmx answer to a parsed page, as a browser would, and make two pages comparable."""

import re

from lxml import etree, html


def swap(page: html.HtmlElement, answer: str) -> None:
    """Every part out of band; an answer of ours has no other."""
    for part in html.fragments_fromstring(answer):
        assert not isinstance(part, str) or not part.strip()
        how = part.attrib.pop("hx-swap-oob")
        target = page.get_element_by_id(part.get("id"))
        if how == "innerHTML":
            target[:] = list(part)
        else:
            part.tail = target.tail
            target.getparent().replace(target, part)


def normalised(page: html.HtmlElement) -> str:
    """The part of the page that a swap may change, without tokens and without the toast."""
    page.get_element_by_id("toasts")[:] = []
    for token in page.xpath("//input[@name='csrfmiddlewaretoken']"):
        token.set("value", "")
    body = page.xpath("//main")[0]
    text = etree.tostring(body, encoding="unicode", method="html")
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", text))
