package native

// playScene does what a test about the life of a job asks of its ranks.
func playScene(d *driver, scene string) int { return 0 }
