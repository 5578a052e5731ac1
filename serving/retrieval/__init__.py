"""The deployments that search and rerank, and what the gateway calls them with."""
