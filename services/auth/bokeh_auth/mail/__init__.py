"""Mail: messages, the outbox and transports."""
