"""Babel's extraction method for Django templates, by Django's own lexer and its own expressions.

A literal per cent sign is doubled, as Django does before it looks a message up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.template.base import Lexer, Token, TokenType
from django.utils.translation import trim_whitespace
from django.utils.translation.template import block_re, constant_re, endblock_re, inline_re, plural_re

Found = tuple[int, str, Any, list[str]]


@dataclass
class Block:
    """An open {% blocktranslate %}."""

    line: int
    context: str
    trimmed: bool
    singular: list[str] = field(default_factory=list)
    plural: list[str] | None = None

    def add(self, text: str) -> None:
        (self.singular if self.plural is None else self.plural).append(text)

    def message(self) -> Found:
        texts = [self.text(self.singular)] + ([] if self.plural is None else [self.text(self.plural)])
        return found(self.line, self.context, *texts)

    def text(self, parts: list[str]) -> str:
        joined = "".join(parts)
        return str(trim_whitespace(joined)) if self.trimmed else joined


def found(line: int, context: str, *texts: str) -> Found:
    name = ("np" if context else "n") if len(texts) == 2 else ("p" if context else "")
    return line, f"{name}gettext", (context, *texts) if context else texts if len(texts) > 1 else texts[0], []


def unquoted(text: str | None) -> str:
    return text[1:-1] if text else ""


def doubled(text: str) -> str:
    return text.replace("%", "%%")


def extract_template(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    block: Block | None = None
    # {% comment %} needs no care here: what it hides is not worth translating, nor worth a rule.
    for token in Lexer(file.read().decode()).tokenize():
        if block is None:
            yield from constants(token)
            block = opened(token)
            if block is None and token.token_type == TokenType.BLOCK:
                yield from inline(token)
        elif token.token_type == TokenType.BLOCK and endblock_re.match(token.contents):
            yield block.message()
            block = None
        else:
            continue_block(block, token)


def opened(token: Token) -> Block | None:
    match = block_re.match(token.contents) if token.token_type == TokenType.BLOCK else None
    if not match:
        return None
    return Block(token.lineno or 0, unquoted(match[2]), "trimmed" in token.split_contents())


def continue_block(block: Block, token: Token) -> None:
    if token.token_type == TokenType.TEXT:
        block.add(doubled(token.contents))
    elif token.token_type == TokenType.VAR:
        block.add(f"%({token.contents})s")
    elif token.token_type == TokenType.BLOCK:
        if not plural_re.match(token.contents):
            raise SyntaxError(f"line {token.lineno}: a translated block holds no other tag: {token.contents}")
        block.plural = []


def inline(token: Token) -> Iterator[Found]:
    if match := inline_re.match(token.contents):
        yield found(token.lineno or 0, unquoted(match[3]), doubled(unquoted(match[1])))


def constants(token: Token) -> Iterator[Found]:
    """`_("…")`, wherever a tag or a variable may hold one."""
    if token.token_type in (TokenType.VAR, TokenType.BLOCK):
        for text in constant_re.findall(token.contents):
            yield found(token.lineno or 0, "", doubled(unquoted(text)))
