"""Keys: who asks, what a key may do and how often, the routes that make keys, and the audit log."""
