"""What an account has: its chunks and columns; its data as a whole, counted, deleted and exported."""
