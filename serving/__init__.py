"""Answers out: Ray Serve deployments, the FastAPI gateway, the web page and the command line."""
