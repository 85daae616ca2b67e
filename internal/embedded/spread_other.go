//go:build !linux

package embedded

func currentCore() int { return -1 }

func allowedCores() []int { return nil }

func moveTo(int) bool { return false }
