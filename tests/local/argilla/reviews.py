"""A small dataset with every kind of field, question, metadata and answer, made with Argilla's own client."""

from __future__ import annotations

from tests.local.argilla.client import rg

SECRET = "correct horse 1"


def settings() -> rg.Settings:
    return rg.Settings(
        fields=[
            rg.TextField("text"),
            rg.TextField("reply", required=False),
            rg.ChatField("chat", required=False),
            rg.CustomField("page", template="<div/>", required=False),
            rg.ImageField("picture", required=False),
        ],
        questions=[
            rg.LabelQuestion("label", ["bug", "question", "thanks"]),
            rg.MultiLabelQuestion("tags", ["web", "app", "money"], required=False),
            rg.RatingQuestion("stars", [1, 2, 3, 4, 5], required=False),
            rg.RankingQuestion("ranks", ["one", "two"], required=False),
            rg.SpanQuestion("marks", "text", ["place"], required=False),
            rg.TextQuestion("why", required=False),
        ],
        metadata=[
            rg.TermsMetadataProperty("channel"),
            rg.IntegerMetadataProperty("length"),
            rg.FloatMetadataProperty("weight"),
        ],
        vectors=[rg.VectorField("meaning", dimensions=3)],
        distribution=rg.TaskDistribution(min_submitted=2),
    )


def records() -> list[rg.Record]:
    """Seven; the vectors of the first five turn from north to south by 45 degrees each."""
    chat = [{"role": "user", "content": "My parcel is lost"}, {"role": "assistant", "content": "Sorry"}]
    return [
        rg.Record(
            id="login",
            fields={"text": "The login page is slow today", "reply": "We look into it"},
            metadata={"channel": "support", "length": 28, "weight": 0.5},
            vectors={"meaning": [0.0, 1.0, 0.0]},
            suggestions=[
                rg.Suggestion("label", "bug", score=0.9, agent="v1", type="model"),
                rg.Suggestion("tags", ["web", "app"], score=[0.5, 0.5], agent="v1"),
                rg.Suggestion("stars", 2),
            ],
        ),
        rg.Record(
            id="slow",
            fields={"text": "Today the app is slow, and the page with my login does not open"},
            metadata={"channel": "support", "length": 63, "weight": 1.5},
            vectors={"meaning": [1.0, 1.0, 0.0]},
            suggestions=[rg.Suggestion("label", "bug", score=0.4, agent="v2"), rg.Suggestion("stars", 4)],
        ),
        rg.Record(
            id="invoice",
            fields={"text": 'Where is the "monthly invoice"?', "page": {"title": "Billing"}},
            metadata={"channel": "billing", "length": 31, "weight": -2.0},
            vectors={"meaning": [1.0, 0.0, 0.0]},
            suggestions=[
                rg.Suggestion("label", "question", score=0.7, agent="v2"),
                rg.Suggestion("tags", ["money"]),
                rg.Suggestion(
                    "marks", [{"start": 0, "end": 5, "label": "place"}], score=[0.3], agent="finder"
                ),
            ],
        ),
        rg.Record(
            id="parcel",
            fields={"text": "An invoice for my parcel, every month", "chat": chat},
            metadata={"channel": "billing", "length": 37},
            vectors={"meaning": [1.0, -1.0, 0.0]},
        ),
        rg.Record(
            id="thanks",
            fields={"text": "Merci beaucoup, café! 👍 You're the best", "picture": "http://127.0.0.1/a.png"},
            metadata={"channel": "random", "weight": 2.5},
            vectors={"meaning": [0.0, -1.0, 0.0]},
            suggestions=[rg.Suggestion("ranks", ["two", "one"], agent="ranker")],
        ),
        rg.Record(id="tokyo", fields={"text": "東京の天気はどうですか"}),
        rg.Record(
            id="sql", fields={"text": "DROP TABLE users; NEAR AND OR NOT snake_case don't C++ text: reply"}
        ),
    ]
