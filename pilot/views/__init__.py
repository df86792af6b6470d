"""Pages of the pilot: phases with their requirements, and the city's pact."""
