package lookup

import (
	"time"
)

// A failure is an id whose record could not be had.
type failure struct {
	attempts int
	due      time.Time // when it is asked for again
	asked    bool      // it waits in the queue, or is being asked for
}

// postponed holds ids whose record could not be had until they are due.
type postponed struct {
	most     int
	min, max time.Duration
	ids      map[string]failure
	next     time.Time // when the first of them is due, at the earliest
}

func newPostponed(most int, least, longest time.Duration) *postponed {
	return &postponed{most: most, min: least, max: longest, ids: make(map[string]failure)}
}

// fail puts id off. It reports whether it did: there is a bound.
func (p *postponed) fail(id string, now time.Time) bool {
	f, again := p.ids[id]
	if !again && len(p.ids) >= p.most {
		return false
	}
	delay := p.min
	for range min(f.attempts, 62) {
		if delay >= p.max/2 {
			delay = p.max
			break
		}
		delay *= 2
	}
	f.attempts++
	f.due, f.asked = now.Add(delay), false
	p.ids[id] = f
	if p.next.IsZero() || f.due.Before(p.next) {
		p.next = f.due
	}
	return true
}

// again lets id, if it is put off, be released again: it was, but there was no
// room for it, and nobody has asked for it. It is due as it was.
func (p *postponed) again(id string) {
	f, has := p.ids[id]
	if !has {
		return
	}
	f.asked = false
	p.ids[id] = f
	if p.next.IsZero() || f.due.Before(p.next) {
		p.next = f.due
	}
}

// done lets go of id.
func (p *postponed) done(id string) { delete(p.ids, id) }

// has reports whether id is put off.
func (p *postponed) has(id string) bool {
	_, has := p.ids[id]
	return has
}

// release gives every id that is due to push, until that refuses one.
func (p *postponed) release(now time.Time, push func(id string) bool) {
	if p.next.IsZero() || now.Before(p.next) {
		return
	}
	p.next = time.Time{}
	full := false
	for id, f := range p.ids {
		if f.asked {
			continue
		}
		if !full && !now.Before(f.due) {
			if push(id) {
				f.asked = true
				p.ids[id] = f
				continue
			}
			full = true
		}
		if p.next.IsZero() || f.due.Before(p.next) {
			p.next = f.due
		}
	}
}
