package quality

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"marquee/catalog"
)

// A person is someone at hand while the tables of people are read side by side.
type person struct {
	id                        catalog.UserID
	record                    *catalog.User // nil if there is none
	watches, ratings, signups int
}

// A visitor is shown everything about one person before anything of the next.
type visitor interface {
	user(u *catalog.User)
	watch(w *catalog.Watch, p *person)
	rating(r *catalog.Rating, p *person)
	account(a *catalog.Account, p *person)
	left(p *person) // after all of p
}

// A cursor is an iterator that stands before its next value. It holds the order
// that side by side needs.
type cursor[T any] struct {
	name  string
	id    func(*T) catalog.UserID
	next  func() (T, error, bool)
	stop  func()
	value T
	ok    bool
	rows  int64
}

func openCursor[T any](name string, seq iter.Seq2[T, error], id func(*T) catalog.UserID) *cursor[T] {
	next, stop := iter.Pull2(seq)
	return &cursor[T]{name: name, id: id, next: next, stop: stop}
}

// errOrder reports a source that breaks its contract.
var errOrder = errors.New("rows are not in the order of their users")

// step goes to the next value.
func (c *cursor[T]) step() error {
	held := c.ok
	var before catalog.UserID
	if held {
		before = c.id(&c.value)
	}
	value, err, ok := c.next()
	if ok && err != nil {
		return fmt.Errorf("read %s: %w", c.name, err)
	}
	c.value, c.ok = value, ok
	if ok {
		c.rows++
		if held && c.id(&c.value) < before {
			return fmt.Errorf("read %s: %w", c.name, errOrder)
		}
	}
	return nil
}

// at reports whether the next value is about a person.
func (c *cursor[T]) at(id catalog.UserID) bool { return c.ok && c.id(&c.value) == id }

// each shows all values about a person.
func (c *cursor[T]) each(id catalog.UserID, show func(*T)) error {
	for c.at(id) {
		show(&c.value)
		if err := c.step(); err != nil {
			return err
		}
	}
	return nil
}

// people reads the tables of people side by side, each once, holding one row of
// each.
type people struct {
	users    *cursor[catalog.User]
	watches  *cursor[catalog.Watch]
	ratings  *cursor[catalog.Rating]
	accounts *cursor[catalog.Account]
}

// progressEvery is after how many people progress is told.
const progressEvery = 4096

// walkPeople shows v all there is about people, by ascending user id.
func walkPeople(ctx context.Context, src Source, v visitor, progress func(rows int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := people{
		users:    openCursor("users", src.Users(ctx), func(u *catalog.User) catalog.UserID { return u.ID }),
		watches:  openCursor("watches", src.Watches(ctx), func(w *catalog.Watch) catalog.UserID { return w.User }),
		ratings:  openCursor("ratings", src.Ratings(ctx), func(r *catalog.Rating) catalog.UserID { return r.User }),
		accounts: openCursor("accounts", src.Accounts(ctx), func(a *catalog.Account) catalog.UserID { return a.User }),
	}
	defer p.users.stop()
	defer p.watches.stop()
	defer p.ratings.stop()
	defer p.accounts.stop()
	for _, first := range []func() error{p.users.step, p.watches.step, p.ratings.step, p.accounts.step} {
		if err := first(); err != nil {
			return err
		}
	}
	for n := 1; ; n++ {
		id, ok := p.least()
		if !ok {
			return nil
		}
		if err := p.one(id, v); err != nil {
			return err
		}
		if n%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(p.users.rows + p.watches.rows + p.ratings.rows + p.accounts.rows)
		}
	}
}

// least returns the person who comes next in any table.
func (p *people) least() (id catalog.UserID, ok bool) {
	take := func(there bool, other catalog.UserID) {
		if there && (!ok || other < id) {
			id, ok = other, true
		}
	}
	take(p.users.ok, p.users.value.ID)
	take(p.watches.ok, p.watches.value.User)
	take(p.ratings.ok, p.ratings.value.User)
	take(p.accounts.ok, p.accounts.value.User)
	return id, ok
}

// one shows v everything about one person.
func (p *people) one(id catalog.UserID, v visitor) error {
	who := &person{id: id}
	err := p.users.each(id, func(u *catalog.User) {
		record := *u
		who.record = &record
		v.user(u)
	})
	if err == nil {
		err = p.watches.each(id, func(w *catalog.Watch) { who.watches++; v.watch(w, who) })
	}
	if err == nil {
		err = p.ratings.each(id, func(r *catalog.Rating) { who.ratings++; v.rating(r, who) })
	}
	if err == nil {
		err = p.accounts.each(id, func(a *catalog.Account) { who.signups++; v.account(a, who) })
	}
	if err == nil {
		v.left(who)
	}
	return err
}

func wholeID(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
