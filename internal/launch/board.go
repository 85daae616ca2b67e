package launch

// boardSize is the memory for the collectives of the world communicator.
func boardSize(ranks int) int { return 0 }
