"""Access log and OpenTelemetry spans."""
