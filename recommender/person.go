package recommender

import (
	"context"
	"time"

	"marquee/catalog"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// A Person is what is known of somebody for one list: see [Call.Person]. After
// [Person.Reset] it may be used for somebody else.
type Person struct {
	entry history.Entry
	fresh bool
	err   error // the store's, and nothing is remembered
	took  time.Duration

	taste rank.Taste // of the last list; its room is free after Reset
	room  rank.Taste // that is free
}

// mostRoom is how many movies of a taste a [Person] has room for that is used again.
const mostRoom = 4096

// Reset forgets the person. The lists that were made of p must not be looked at any more:
// the next one's taste takes the place of theirs.
func (p *Person) Reset() {
	if cap(p.taste.Seen) > 0 {
		p.room = p.taste
	}
	*p = Person{room: p.room}
}

// keep keeps the room of a taste, which took the room that was free.
func (p *Person) keep(t rank.Taste) {
	p.room = rank.Taste{}
	if cap(t.Seen) <= mostRoom {
		p.taste = rank.Taste{Watched: t.Watched, Seen: t.Seen}
	}
}

// A Recaller tells what is remembered of a person without asking anybody: see
// [history.Cache.Recall].
type Recaller interface {
	Recall(u catalog.UserID) (e history.Entry, fresh, known bool)
}

// Recall puts into p what is remembered of u, without waiting for anybody. known says that
// something is, fresh that [Service.Read] would put no more into it.
func (s *Service) Recall(u catalog.UserID, p *Person) (fresh, known bool) {
	m, ok := s.histories.(Recaller)
	if !ok {
		return false, false
	}
	began := time.Now()
	p.Reset()
	p.entry, p.fresh, known = m.Recall(u)
	p.took = time.Since(began)
	return p.fresh, known
}

// Read puts into p what the histories know of u, and waits for the store if need be. It
// does not fail: a list is made of what there is.
func (s *Service) Read(ctx context.Context, u catalog.UserID, p *Person) {
	began := time.Now()
	p.entry, p.fresh, p.err = s.histories.Of(ctx, u)
	p.took = time.Since(began)
}

var _ Recaller = (*history.Cache)(nil)
