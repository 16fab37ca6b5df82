"""What a GPU's figures are made of, on the processor: without a GPU the limits are those of another device."""

from __future__ import annotations

from benchmarks.serving.gpu import encoder_on, measure

CPU = "cpu"


def test_each_case_has_its_times_its_ratio_and_its_shares_of_the_limits() -> None:
    cases = {"one": (["Where is my invoice?"], 3), "three": (["Where is my invoice?"] * 3, 3)}

    figures = measure(encoder_on(CPU, 32), cases, device=CPU, side=256)

    assert all(value > 0 for value in figures.values())
    for case, (texts, _) in cases.items():
        median_s = figures[f"{case}_gpu_p50_ms"] / 1_000
        assert abs(figures[f"{case}_gpu_per_s"] - len(texts) / median_s) < 1e-6 * figures[f"{case}_gpu_per_s"]
        assert figures[f"{case}_gpu_p50_ms"] <= figures[f"{case}_gpu_p99_ms"]
    per_text = [figures[f"{case}_gpu_share_of_operations"] / figures[f"{case}_gpu_per_s"] for case in cases]
    assert abs(per_text[0] - per_text[1]) < 1e-6 * per_text[0]  # the same work for each text
