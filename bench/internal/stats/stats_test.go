package stats

import (
	"math"
	"testing"
)

func TestSummarize(t *testing.T) {
	nan := math.NaN()
	s := Summarize([]float64{4, nan, 1, 3, 2})
	if s.N != 4 || s.Median != 2.5 || s.Q1 != 1.75 || s.Q3 != 3.25 || s.Least != 1 || s.Greatest != 4 {
		t.Errorf("%+v", s)
	}
	if s := Summarize([]float64{nan}); s.N != 0 || !math.IsNaN(s.Median) {
		t.Errorf("of nothing: %+v", s)
	}
	if s := Summarize([]float64{7}); s.Median != 7 || s.Q1 != 7 || s.Q3 != 7 {
		t.Errorf("of one value: %+v", s)
	}
}

func TestQuotient(t *testing.T) {
	nan := math.NaN()
	q := Quotient([]float64{1, 2, nan, 4}, []float64{2, 2, 5, 2})
	// 2 / 2; the repetitions give 0.5, 1, 2.
	if q.Value != 1 || q.Q1 != 0.75 || q.Q3 != 1.5 {
		t.Errorf("%+v", q)
	}
	if q := Quotient(nil, []float64{1}); q.Known() {
		t.Errorf("without samples: %+v", q)
	}
	if q := Quotient([]float64{1}, []float64{0}); q.Known() {
		t.Errorf("by zero: %+v", q)
	}
}
