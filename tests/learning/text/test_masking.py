from __future__ import annotations

import pytest

from learning.text.masking import Masking

FOUND = [
    ("write to ana.ribeiro+bills@mail.example.com, please", "write to [email], please"),
    ("call +351 912 345 678 or (212) 555-0123", "call [phone] or [phone]"),
    ("Tel. (11) 91234-5678", "Tel. [phone]"),
    ("my number is 01 42 68 53 00", "my number is [phone]"),
    ("card 4111 1111 1111 1111 was charged", "card [card] was charged"),
    ("card 5500-0000-0000-0004", "card [card]"),
    ("378282246310005 is my Amex", "[card] is my Amex"),
    ("IBAN PT50 0002 0123 1234 5678 9015 4 THANKS", "IBAN [iban] THANKS"),
    ("to DE89370400440532013000.", "to [iban]."),
    ("from 192.168.1.10 and 2001:db8::1", "from [ip] and [ip]"),
    ("AKIAIOSFODNN7EXAMPLE leaked", "[key] leaked"),
    ("use ghp_abcdefghijklmnopqrstuvwxyz0123456789", "use [key]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbU", "[key]"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- there", "[key] there"),
    ("password: hunter2!", "password: [key]"),
    ("my password is Secret123 now", "my password is [key] now"),
    ("a senha é abacate77", "a senha é [key]"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=[key]"),
    ("db_password=Sup3rSecret!", "db_password=[key]"),
    ("MYSQL_PASSWORD: Sup3rSecret", "MYSQL_PASSWORD: [key]"),
    ("export OPENAI_API_KEY=abcdef123456", "export OPENAI_API_KEY=[key]"),
    ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [key]"),
    ("postgres://bot:hunter2@db.example.com:5432/x", "postgres://bot:[key]@db.example.com:5432/x"),
    ("https://example.com/?access_token=a1b2c3d4e5", "https://example.com/?access_token=[key]"),
    ("password is token: abc123", "password is token: [key]"),
    ("password=correct,horse1", "password=[key],horse1"),
    (f"{'a.' * 100}b@example.com", "[email]"),
    ("é-4111111111111111 ipv6:(2001:db8::1)", "é-[card] ipv6:([ip])"),
]
LEFT = [
    "order 4711 of 2026-11-24 at 10:30:45, build 20261124.3",
    "invoice 2026-1123 for $1,234.56, 15 items",
    "message 1700000000.123456 in C0SUPPORT1",
    "version 10.2.3 and 1.2.3.4.5",
    "commit 3f2a1b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a failed",
    "550e8400-e29b-41d4-a716-446655440000",
    "4111 1111 1111 1112 is no card",
    "my password is wrong, the token is expired",
    "std::vector::push_back fails in a::b",
    "@ana the key point is the secret of success",
    "",
]


@pytest.mark.parametrize(("text", "masked"), FOUND)
def test_personal_data_and_secrets_are_replaced_by_what_they_are(text: str, masked: str) -> None:
    assert Masking()(text) == masked


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert Masking()(text) == text


def test_masking_what_is_masked_changes_nothing() -> None:
    mask = Masking()

    for text, masked in FOUND:
        assert mask(masked) == masked == mask(text)


def test_a_number_without_the_code_of_its_country_is_found_where_people_write_from_there() -> None:
    text = "call 021 345 67 89"

    assert Masking(["CH"])(text) == "call [phone]"
    assert Masking([])(text) == text
    assert Masking([])("call +41 21 345 67 89") == "call [phone]"
