"""The domain of Glossa: documents, languages, chunks, retrieval, grounded answers. Imports neither ray, vllm nor fastapi."""
