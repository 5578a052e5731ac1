"""The routes of documents: upload, list, read, follow, cancel, retry and delete."""
