package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns []int
		want    csvTable
	}{
		{"1,2\n3,4\n", nil, csvTable{2, []float64{1, 2, 3, 4}, nil}},
		{"a, b\n# a comment\n1, 2e1\n\n3,-4", nil, csvTable{2, []float64{1, 20, 3, -4}, []string{"a", "b"}}},
		{"\ufeff1,2\r\n3,4\r\n", nil, csvTable{2, []float64{1, 2, 3, 4}, nil}},
		{"\ufeffa,b\n1,2\n", nil, csvTable{2, []float64{1, 2}, []string{"a", "b"}}},
		{"1", nil, csvTable{1, []float64{1}, nil}},
		{"a,b,kind\r\n1,2,x\r\n3,4,y\r\n", []int{2, 1}, csvTable{2, []float64{2, 1, 4, 3}, []string{"b", "a"}}},
	} {
		got, err := parseCSV("p.csv", strings.NewReader(c.text), c.columns)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns []int
		want    string
	}{
		{"", nil, "p.csv: no numbers in the file"},
		{"a,b\n", nil, "p.csv: no numbers in the file"},
		{"1,2\n3,x\n", nil, `p.csv:2: column 2: want a number, have "x"`},
		{"1,2\n3\n", nil, "p.csv:2: wrong number of fields"},
		{"1,2\n3,NaN\n", nil, `p.csv:2: column 2: want a number, have "NaN"`},
		{"1,2\n1e200,2\n", nil, "p.csv:2: column 1: 1e200 is too large: want a number of at most 1e+150"},
		{"1,2\n1e999,2\n", nil, `p.csv:2: column 1: want a number, have "1e999"`},
		{"\ufeff", nil, "p.csv: no numbers in the file"},
		{"1,\"2\n", nil, `p.csv:1: extraneous or missing " in quoted-field`},
		{"1,2\n", []int{3}, "p.csv:1: there is no column 3, the line has 2"},
		{"a,b\n", []int{0}, "p.csv:1: there is no column 0, the line has 2"},
	} {
		if _, err := parseCSV("p.csv", strings.NewReader(c.text), c.columns); err == nil || err.Error() != c.want {
			t.Errorf("%q: error %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := readCSV("missing.csv", nil); err == nil || !strings.HasPrefix(err.Error(), "cannot read the numbers: open missing.csv: ") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"1,2\n", "a,b\n1,2\n", "\"", "#\n1", "1,2\n3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseCSV("p.csv", strings.NewReader(text), nil)
		if err == nil && (p.Columns < 1 || p.Rows() == 0 || len(p.Values)%p.Columns != 0) {
			t.Errorf("%d numbers, %d columns", len(p.Values), p.Columns)
		}
	})
}
