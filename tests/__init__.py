"""What tests the whole, and what the tests of the parts share."""
