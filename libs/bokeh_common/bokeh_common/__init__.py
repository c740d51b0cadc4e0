"""What three or more services share, with none of their nouns in it: errors, storage and HTTP."""
