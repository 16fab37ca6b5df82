"""What every part is built from: settings, metrics, logs, health, workers, schedule."""
