"""The command `glossa`: what it offers and how it shows results on the terminal."""
