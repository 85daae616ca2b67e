package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFiguresAreUpToDate compares the files with what the program draws.
func TestFiguresAreUpToDate(t *testing.T) {
	all := figures()
	files, err := filepath.Glob("*.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is drawn by nothing", name)
		}
	}
	for name, want := range all {
		got, err := os.ReadFile(name)
		if err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != want {
			t.Errorf("%s is not what the program draws (%v): go run ./docs/figures", name, err)
		}
		for d := xml.NewDecoder(strings.NewReader(want)); ; {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}

// TestFiguresAreShown looks for every figure in a chapter.
func TestFiguresAreShown(t *testing.T) {
	chapters, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, c := range chapters {
		data, err := os.ReadFile(c)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	for name := range figures() {
		if !strings.Contains(text.String(), "(figures/"+name+")") {
			t.Errorf("no chapter shows %s", name)
		}
	}
}
