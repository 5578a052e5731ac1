"""Language models and their guards: what each needs, the deployments that run them, and other servers."""
