"""What operators are told: runs, findings, channels, languages, and the weekly digest."""
