"""The HTTP API: the FastAPI gateway, its routes and the shapes of requests and answers, and the web page."""
