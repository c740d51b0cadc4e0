"""The storage of the plots service: the only modules that know its keys."""
