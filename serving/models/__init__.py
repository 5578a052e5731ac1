"""Language models, guards and the reranker: what each needs, the deployments that run them, and other servers."""
