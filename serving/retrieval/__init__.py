"""The retrieval deployment, and the messages between it and the gateway."""
