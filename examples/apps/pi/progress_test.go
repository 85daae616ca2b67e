package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var log, screen strings.Builder
	begun := time.Now().Add(-time.Minute)
	off := &progress{out: &log, every: 30 * time.Second, total: 4, start: begun, last: begun}
	off.add(1)
	off.add(1) // within the half minute
	off.stop()
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "msg=pi done=1 of=4 left=3m") {
		t.Errorf("in a log file: %q", text)
	}
	on := &progress{out: &screen, terminal: true, every: 200 * time.Millisecond, total: 4, start: begun, last: begun}
	on.add(2)
	on.stop()
	if text := screen.String(); !strings.HasPrefix(text, "\rpi 50% left 1m") || !strings.HasSuffix(text, "\r"+strings.Repeat(" ", 40)+"\r") {
		t.Errorf("on a terminal: %q", text)
	}
}
