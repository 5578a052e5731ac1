"""Documents in: parse, detect language, chunk, embed, commit; and the Ray tasks that do it at scale."""
