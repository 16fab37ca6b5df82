from __future__ import annotations

import pytest

from bot.slack.mrkdwn import as_plain_name, clipped, escape, fitting, plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Where is my invoice?", "Where is my invoice?"),
        ("<@U1> where is it?", "where is it?"),
        ("<@U1|ana> where is it?", "where is it?"),
        ("<@W1|Ana Ribeiro> and <@U2> ask <@UBOT|corrigible>", "and ask"),
        ("<!here> the site is down", "the site is down"),
        ("<!subteam^S1|@support> please", "@support please"),
        ("see <#C1|general> and <#C2>", "see general and"),
        ("see <https://example.com/a?b=1|the page>", "see the page"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("write <mailto:ana@example.com|ana@example.com>", "write ana@example.com"),
        ("call <tel:+4930123|030 123>", "call 030 123"),
        ("great :tada:", "great tada"),
        (":bug::fire:", "bug fire"),
        (":+1: :wave::skin-tone-3: :heavy_check_mark:", "+1 wave heavy check mark"),
        ("failed at 10:30:45", "failed at 10:30:45"),
        ("10:30:45 to 11:00:00", "10:30:45 to 11:00:00"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("our &region and &amp;#39;", "our &region and &#39;"),
        (f"&#{'1' * 5_000};", f"&#{'1' * 5_000};"),
        ("<@U1 <@U2 <@U3", "<@U1 <@U2 <@U3"),
        (":a:b: :wave::skin-tone-9::bug:", ":a:b: wave bug"),
        ("a\ud800b", "a?b"),
        ("two\nlines\t and   spaces ", "two\nlines and spaces"),
        ("a\x00b", "a\ufffdb"),
        ("<@U1>", ""),
        ("", ""),
        ("🎉 שלום", "🎉 שלום"),
    ],
)
def test_mrkdwn_is_read_as_a_person_reads_it(text: str, read: str) -> None:
    assert plain(text) == read


@pytest.mark.parametrize("text", ["<!channel>", "<@U1>", "<https://evil.example|click>", "a & b"])
def test_what_people_wrote_is_shown_and_never_obeyed(text: str) -> None:
    assert "<" not in escape(text)
    assert plain(escape(text)) == text


def test_quotes_stay_as_they_are() -> None:
    assert escape('it\'s "fine"') == 'it\'s "fine"'


@pytest.mark.parametrize(
    ("most", "kept"), [(9, "a &amp; b"), (8, "a &amp; "), (6, "a "), (4, "a "), (3, "a ")]
)
def test_what_is_too_long_is_not_cut_within_a_sign(most: int, kept: str) -> None:
    assert clipped(escape("a & b"), most) == kept


@pytest.mark.parametrize("most", range(6, 29))
def test_a_mention_is_kept_whole_or_left_out(most: int) -> None:
    assert clipped("see <@U1> and <#C1|general> too", most).count("<") == clipped(
        "see <@U1> and <#C1|general> too", most
    ).count(">")


def test_lines_that_do_not_fit_are_counted() -> None:
    assert fitting(["12345", "12345", "12345"], 12) == ["12345", "12345", "… and 1 more"]
    assert fitting(["12345", "12345"], 12) == ["12345", "12345"]


def test_a_long_name_is_shortened_for_a_button() -> None:
    assert as_plain_name("a" * 80) == "a" * 74 + "…"
