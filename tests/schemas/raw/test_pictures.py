"""S6 tests here the sources that S2 wrote."""
