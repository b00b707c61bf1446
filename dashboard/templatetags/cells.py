"""Cells in the order a user chose. A chain of «if» in each cell of each row would cost more than the cells."""

from itertools import chain

from django import template
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()


class CellsNode(Node):
    def __init__(self, order: template.base.FilterExpression, cells: dict[str, NodeList]) -> None:
        self.order, self.cells = order, cells

    def render(self, context: Context) -> SafeString:
        shown = (self.cells[name] for name in self.order.resolve(context))
        return NodeList(chain.from_iterable(shown)).render(context)


@register.tag
def cells(parser: Parser, token: Token) -> CellsNode:
    """`{% cells names %}{% cell "a" %}…{% cell "b" %}…{% endcells %}`: those of `names`, in their order."""
    _tag, order = token.split_contents()
    parser.parse(("cell", "endcells"))
    found: dict[str, NodeList] = {}
    token = parser.next_token()
    while token.contents != "endcells":
        name = token.split_contents()[1].strip('"')
        found[name] = parser.parse(("cell", "endcells"))
        token = parser.next_token()
    return CellsNode(parser.compile_filter(order), found)
