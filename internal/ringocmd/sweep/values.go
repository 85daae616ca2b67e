package sweep

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// maxPoints bounds the values of one parameter and the points of a sweep: more
// is a slip of the pen (0:1e9), and one log each would choke the file system.
const maxPoints = 100_000

// ParseValues reads the values of one parameter: elements separated by commas,
// each a word, or a range with its end included:
//
//	FROM:TO          in steps of 1
//	FROM:TO:STEP     10:0:-2.5
//	FROM:TO:*FACTOR  1:1024:*2
//
// Numbers are decimal (-2, 0.25, 1e-3) and computed exactly.
func ParseValues(text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("there are no values")
	}
	var out []string
	for element := range strings.SplitSeq(text, ",") {
		element = strings.TrimSpace(element)
		if element == "" {
			return nil, fmt.Errorf("%q has an empty value", text)
		}
		if !strings.Contains(element, ":") {
			out = append(out, element)
			continue
		}
		values, err := parseRange(element)
		if err != nil {
			return nil, err
		}
		if len(out)+len(values) > maxPoints {
			return nil, fmt.Errorf("%q has more than %d values", text, maxPoints)
		}
		out = append(out, values...)
	}
	return out, checkDistinct(out)
}

// checkDistinct refuses a value that is given twice: both would have the same
// log.
func checkDistinct(values []string) error {
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if seen[v] {
			return fmt.Errorf("the value %q is given twice", v)
		}
		seen[v] = true
	}
	return nil
}

// decimal leaves out what big.Rat would also take (fractions, hexadecimal) and
// exponents that make numbers of a million digits.
var decimal = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$`)

func number(text string) (*big.Rat, bool) {
	if len(text) > 40 || !decimal.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func parseRange(text string) ([]string, error) {
	parts := strings.Split(text, ":")
	wrong := fmt.Errorf("%q is not a range: want FROM:TO, FROM:TO:STEP or FROM:TO:*FACTOR with numbers", text)
	if len(parts) > 3 {
		return nil, wrong
	}
	from, ok1 := number(parts[0])
	to, ok2 := number(parts[1])
	if !ok1 || !ok2 {
		return nil, wrong
	}
	step := big.NewRat(1, 1)
	if len(parts) == 3 {
		by, geometric := strings.CutPrefix(parts[2], "*")
		var ok bool
		if step, ok = number(by); !ok {
			return nil, wrong
		}
		if geometric {
			return geometricRange(text, from, to, step)
		}
	}
	if step.Sign() == 0 {
		return nil, fmt.Errorf("the step of %q is 0", text)
	}
	if c := to.Cmp(from); c != 0 && c != step.Sign() {
		return nil, fmt.Errorf("%q has no values: its step leads away from its end", text)
	}
	// n = floor((to-from)/step) + 1 values.
	q := new(big.Rat).Sub(to, from)
	q.Quo(q, step)
	n := new(big.Int).Quo(q.Num(), q.Denom())
	if n.Cmp(big.NewInt(maxPoints)) >= 0 {
		return nil, fmt.Errorf("%q has more than %d values", text, maxPoints)
	}
	// Both numbers are decimals: as integers of the smaller unit they add up
	// without the cost of fractions.
	digits := max(decimals(from), decimals(step))
	v, by := scaled(from, digits), scaled(step, digits)
	out := make([]string, 0, n.Int64()+1)
	for range n.Int64() + 1 {
		out = append(out, formatScaled(v, digits))
		v.Add(v, by)
	}
	return out, nil
}

// decimals is the number of digits after the point that v needs.
func decimals(v *big.Rat) int {
	n, _ := v.FloatPrec() // exact: sums and products of decimals are decimals
	return n
}

// scaled returns v·10^digits, which is an integer.
func scaled(v *big.Rat, digits int) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	return new(big.Int).Set(new(big.Rat).Mul(v, new(big.Rat).SetInt(power)).Num())
}

// formatScaled writes v/10^digits with the digits it needs.
func formatScaled(v *big.Int, digits int) string {
	s := v.String()
	if digits == 0 {
		return s
	}
	s, negative := strings.CutPrefix(s, "-")
	if len(s) <= digits {
		s = strings.Repeat("0", digits-len(s)+1) + s
	}
	s = strings.TrimSuffix(strings.TrimRight(s[:len(s)-digits]+"."+s[len(s)-digits:], "0"), ".")
	if negative {
		s = "-" + s
	}
	return s
}

func geometricRange(text string, from, to, factor *big.Rat) ([]string, error) {
	one := big.NewRat(1, 1)
	if from.Sign() <= 0 || to.Sign() <= 0 || factor.Sign() <= 0 || factor.Cmp(one) == 0 {
		return nil, fmt.Errorf("%q: a range with a factor needs positive numbers and a factor other than 1", text)
	}
	direction := factor.Cmp(one)
	if c := to.Cmp(from); c != 0 && c != direction {
		return nil, fmt.Errorf("%q has no values: its factor leads away from its end", text)
	}
	var out []string
	for v := from; v.Cmp(to)*direction <= 0; v = new(big.Rat).Mul(v, factor) {
		s := format(v)
		if len(out) >= 1000 || len(s) > 200 {
			return nil, fmt.Errorf("%q has too many values, or values with too many digits", text)
		}
		out = append(out, s)
	}
	return out, nil
}

// format writes a decimal number with the digits it needs and no exponent.
func format(v *big.Rat) string { return v.FloatString(decimals(v)) }
