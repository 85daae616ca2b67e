package embedded

// looking counts the calls of a rank that have looked for something and found
// nothing, as Test and Iprobe do.
type looking struct{ vain uint32 }

// looksPerYield is how many such calls a rank makes before it gives its core
// away, where ranks outnumber cores: a round of a program's loop has a few.
const looksPerYield = 2

// leaveInVain is leave of a call that has looked and found nothing. Where ranks
// outnumber cores, what a program looks for again and again can only come when
// another rank gets the core. The caller holds ep.lock, which is given back.
func (ep *endpoint) leaveInVain() {
	ep.vain++
	yield := ep.facts.Crowded && ep.vain%looksPerYield == 0
	ep.leave()
	if yield {
		ep.carrier.Yield()
	}
}
