"""Language models and their guards: profiles, deployments, and other servers."""
