//go:build !linux

package shm

func currentCore() int { return -1 }

func allowedCores() []int { return nil }

func moveTo(int) bool { return false }
