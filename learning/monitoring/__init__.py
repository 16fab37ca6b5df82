"""Jobs that look after the version in service: duel, watch, drift, languages, floors, estimates."""
