from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import bot
from bot.transport.unfurling import PlainWebClient
from tests.local.running import SUPPORT, workspace

# What posts past the one client that unfurls nothing.
OTHERS = {"WebClient", "WebhookClient", "api_call", "Say", "Respond"}
ALLOWED = {"unfurling.py: api_call"}


def test_a_post_unfurls_nothing_whatever_its_caller_says() -> None:
    with workspace() as slack:
        client = PlainWebClient(token=slack.web.token, base_url=slack.web.base_url)
        client.chat_postMessage(channel=SUPPORT, text="https://example.com", unfurl_links=True)
        client.api_call("chat.postMessage", json={"channel": SUPPORT, "text": "https://example.com"})
        posts = slack.calls("chat.postMessage")

    asked = [(one["arguments"]["unfurl_links"], one["arguments"]["unfurl_media"]) for one in posts]
    assert asked == [(False, False)] * 2


def test_no_module_posts_past_that_client() -> None:
    files = sorted(Path(bot.__file__).parent.rglob("*.py"))

    found = {f"{file.name}: {name}" for file in files for name in _called(file) & OTHERS}
    assert found == ALLOWED
    assert not [file.name for file in files if "say" in _arguments(file)]


def _called(file: Path) -> set[str]:
    return {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in _nodes(file)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }


def _arguments(file: Path) -> set[str]:
    """What functions take: Bolt gives a listener that takes a `say` its own."""
    return {node.arg for node in _nodes(file) if isinstance(node, ast.arg)}


def _nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text(encoding="utf-8")))
