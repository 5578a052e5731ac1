"""One running instance: how it starts and stops, what it leaves on disk, and which deployments it binds."""
