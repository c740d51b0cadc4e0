"""Types and values of Arrow, as the columns of this service have them."""
