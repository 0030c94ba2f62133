package ledger_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/txdb"
)

// batches reads lines as the product does, n at a time; offsets are numbers of
// lines.
func batches(lines []ledger.Line, n int) []catalog.Batch {
	rows := stream.NewRows(stream.DefaultConfig(), time.Now)
	var all []catalog.Batch
	for from := 0; from < len(lines); from += n {
		to := min(from+n, len(lines))
		b := catalog.Batch{Partition: "p", From: int64(from), To: int64(to)}
		for i := from; i < to; i++ {
			rows.Add(&b, []byte(lines[i].Text), int64(i))
		}
		all = append(all, b)
	}
	return all
}

func bookOf(lines []ledger.Line) *ledger.Book {
	book := new(ledger.Book)
	for i, l := range lines {
		book.Put("0", int64(i), int64(i)+1, l)
	}
	return book
}

func free(context.Context, txdb.Step) error { return nil }

// compare applies batches, each where the one before ended, and compares.
func compare(t *testing.T, book *ledger.Book, all []catalog.Batch) ledger.Findings {
	t.Helper()
	db := txdb.New()
	sink := db.Open(free)
	for _, b := range all {
		held, err := db.Offset(t.Context(), b.Partition)
		if err != nil {
			t.Fatal(err)
		}
		b.Move = &catalog.Move{Held: held}
		if _, err := sink.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	found, err := book.Compare(t.Context(), db, map[string]string{"p": "0"})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A store that has every line once agrees with the book, in whatever order the
// lines were applied.
func TestAgreement(t *testing.T) {
	for seed := range uint64(20) {
		lines := ledger.New(seed, ledger.DefaultConfig()).Lines(400)
		book, all := bookOf(lines), batches(lines, 37)
		if found := compare(t, book, all); len(found) > 0 {
			t.Errorf("seed %d: %v", seed, found)
		}
	}
}

// Each way to go wrong is found, and called by its name.
func TestEachFaultIsFound(t *testing.T) {
	lines := ledger.New(7, ledger.DefaultConfig()).Lines(400)
	book := bookOf(lines)
	foreign := func(change func(*catalog.Batch)) func([]catalog.Batch) []catalog.Batch {
		return func(all []catalog.Batch) []catalog.Batch {
			change(&all[len(all)-1])
			return all
		}
	}
	at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		tamper func([]catalog.Batch) []catalog.Batch
		want   ledger.Fault
	}{
		{"a batch is lost", func(all []catalog.Batch) []catalog.Batch { return slices.Delete(all, 3, 4) }, ledger.Missing},
		{"the last batch is lost", func(all []catalog.Batch) []catalog.Batch { return all[:len(all)-1] }, ledger.Missing},
		{"a batch is applied twice", func(all []catalog.Batch) []catalog.Batch { return slices.Insert(all, 5, all[4]) }, ledger.Double},
		{"a watch of nobody", foreign(func(b *catalog.Batch) {
			b.Minutes = append(b.Minutes, catalog.Minute{User: "99999", Movie: "heat+1995", At: at})
		}), ledger.Phantom},
		{"a rating of nobody", foreign(func(b *catalog.Batch) {
			b.Ratings = append(b.Ratings, catalog.Rating{User: "99999", Movie: "heat+1995", At: at, Value: 3})
		}), ledger.Phantom},
		{"an account of nobody", foreign(func(b *catalog.Batch) {
			b.Accounts = append(b.Accounts, catalog.Account{User: "99999", At: at})
		}), ledger.Phantom},
		{"a refused line of nowhere", foreign(func(b *catalog.Batch) {
			b.Refused = append(b.Refused, catalog.Refused{Source: "p", Offset: 12345, Reason: "empty"})
		}), ledger.Phantom},
		{"an offset beyond the end", foreign(func(b *catalog.Batch) { b.To += 5 }), ledger.Phantom},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := compare(t, book, c.tamper(batches(lines, 40)))
			if found.Count(c.want) == 0 {
				t.Errorf("found %v, want something %s", found, c.want)
			}
		})
	}
}

// Losing or doubling any single line shows.
func TestEachLineCounts(t *testing.T) {
	lines := ledger.New(3, ledger.DefaultConfig()).Lines(150)
	book := bookOf(lines)
	for i, l := range lines {
		lost := slices.Delete(batches(lines, 1), i, i+1)
		if found := compare(t, book, lost); found.Count(ledger.Missing) == 0 {
			t.Errorf("line %d %q was lost, found %v", i, l.Text, found)
		}
		all := batches(lines, 1)
		doubled := slices.Insert(all, i, all[i])
		if found := compare(t, book, doubled); found.Count(ledger.Double) == 0 {
			t.Errorf("line %d %q was doubled, found %v", i, l.Text, found)
		}
	}
}

func TestCover(t *testing.T) {
	lines := ledger.New(1, ledger.DefaultConfig()).Lines(10)
	book := bookOf(lines)
	span := func(from, to int64) ledger.Span { return ledger.Span{Part: "0", From: from, To: to} }
	for _, c := range []struct {
		name  string
		spans []ledger.Span
		whole bool
		want  string
	}{
		{"all, in any order", []ledger.Span{span(4, 10), span(0, 4)}, true, "0 missing, 0 double, 0 phantom"},
		{"a gap", []ledger.Span{span(0, 4), span(6, 10)}, true, "1 missing, 0 double, 0 phantom"},
		{"a gap that may be", []ledger.Span{span(0, 4), span(6, 10)}, false, "0 missing, 0 double, 0 phantom"},
		{"no end", []ledger.Span{span(0, 4)}, true, "1 missing, 0 double, 0 phantom"},
		{"an overlap", []ledger.Span{span(0, 5), span(3, 10)}, true, "0 missing, 1 double, 0 phantom"},
		{"twice", []ledger.Span{span(0, 10), span(2, 4), span(2, 4)}, true, "0 missing, 2 double, 0 phantom"},
		{"beyond the end", []ledger.Span{span(0, 11)}, true, "0 missing, 0 double, 1 phantom"},
		{"another part", []ledger.Span{span(0, 10), {Part: "1", From: 0, To: 1}}, true, "0 missing, 0 double, 1 phantom"},
		{"nothing", nil, true, "1 missing, 0 double, 0 phantom"},
	} {
		if got, _, _ := strings.Cut(book.Cover(c.spans, c.whole).String(), "\n"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// The lines are what they say: the product's own grammar agrees, all kinds and
// all reasons for which a line can be refused occur, and a seed fixes them.
func TestGenerator(t *testing.T) {
	lines := ledger.New(5, ledger.DefaultConfig()).Lines(5000)
	if again := ledger.New(5, ledger.DefaultConfig()).Lines(5000); !slices.Equal(lines, again) {
		t.Error("the same seed gave other lines")
	}
	outcomes := make(map[string]int)
	for _, l := range lines {
		outcomes[l.Outcome()]++
		var e stream.Event
		reason := stream.ParseLine([]byte(l.Text), &e)
		if l.Kind == ledger.Noise {
			if string(reason) != l.Reason && l.Reason != "rating_off_scale" {
				t.Errorf("%q is refused as %q, want %q", l.Text, reason, l.Reason)
			}
			continue
		}
		if reason != stream.Accepted || e.Kind.String() != string(l.Kind) || string(e.User) != l.User || string(e.Movie) != l.Movie ||
			e.Minute != l.Minute || e.Rating != l.Rating || !e.At.Truncate(time.Microsecond).Equal(l.At) {
			t.Errorf("%q is read as %+v (%q), want %+v", l.Text, e, reason, l)
		}
	}
	for _, reason := range stream.Reasons() {
		if reason != stream.LineTooLong && reason != stream.Forgotten && outcomes["refused:"+string(reason)] == 0 {
			t.Errorf("no line is refused as %s", reason)
		}
	}
	for _, kind := range []ledger.Kind{ledger.Watch, ledger.Rate, ledger.Recommendation, ledger.Account} {
		if outcomes[string(kind)] == 0 {
			t.Errorf("no line is %s", kind)
		}
	}
}
