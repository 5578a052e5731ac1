"""What is used to make the product and is not part of it."""
