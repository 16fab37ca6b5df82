"""Metrics, calibration and the statistics behind gate, duel, watch and drift."""
