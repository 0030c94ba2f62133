package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/rank"
)

type userCmd struct {
	Show   userShowCmd   `cmd:"" help:"Show a person's newest movies and the list they would get, with reasons."`
	Forget userForgetCmd `cmd:"" help:"Remove a person everywhere, for good."`
}

type userShowCmd struct {
	User string `arg:"" help:"Id of the person."`
	N    int    `help:"Movies in the list." short:"n" env:"-" default:"10" placeholder:"N"`
	Seen int    `help:"Newest movies of the history shown." default:"10" placeholder:"N"`
	Arm  string `help:"The model that makes the list. Default: the one that serves." placeholder:"NAME"`
}

// Help is shown below the flags.
func (userShowCmd) Help() string {
	return `Examples:
  marquee user show 7
  marquee user show 7 -n 20 --seen 5
  marquee user show 7 --arm als --output json

The list is made from what the person watched, rated, liked, disliked and dismissed. Experiments
have no say in it, nor has what a person wrote of their taste, which a server embeds;
"marquee trace" tells of lists that were served.`
}

// A shownUser is the result of user show.
type shownUser struct {
	User    catalog.User `json:"user"`
	Watched int          `json:"watched"`
	History []shownSeen  `json:"history"`

	Opinions    []shownOpinion       `json:"opinions,omitempty"`
	Preferences *catalog.Preferences `json:"preferences,omitempty"`

	Tier rank.Tier   `json:"tier"`
	Arm  string      `json:"arm"`
	List []shownItem `json:"list"`
}

type shownSeen struct {
	catalog.Seen
	Title string `json:"title"`
}

type shownOpinion struct {
	catalog.Opinion
	Title string `json:"title"`
}

type shownItem struct {
	ID      catalog.MovieID `json:"id"`
	Title   string          `json:"title"`
	Score   float32         `json:"score"`
	Sources []string        `json:"sources"`
	Because []string        `json:"because"`
}

// Run shows a history beside its list.
func (c userShowCmd) Run(ctx context.Context, e *env) error {
	id, err := catalog.ParseUserID(c.User)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	if c.N < 1 || c.N > rank.MaxList {
		return usage("-n is %d, want 1 to %d", c.N, rank.MaxList)
	}
	if c.Seen < 0 {
		return usage("--seen is %d, want 0 or more", c.Seen)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	person, err := store.Person(ctx, id)
	if err != nil {
		return err
	}
	seen, user := person.Seen, person.User
	user.ID = id
	b, err := e.openLive(ctx)
	if err != nil {
		return err
	}
	snap, err := b.Snapshot()
	if err != nil {
		return err
	}
	taste, opinions := snap.TasteOf(seen, person.Opinions, nil)
	if err := snap.Arms.Check(c.Arm); err != nil {
		return wrapUsage(err)
	}
	list := snap.Recommend(rank.Request{Taste: taste, Opinions: opinions, User: user, Arm: c.Arm, N: c.N, Now: time.Now(), Adult: snap.AdultAllowed(user, person.Known)})
	out := shownUser{User: user, Watched: len(seen), History: []shownSeen{}, Tier: list.Tier, Arm: list.Arm, List: []shownItem{}}
	for _, s := range seen[:min(c.Seen, len(seen))] {
		out.History = append(out.History, shownSeen{s, label(snap.Movies, s.Movie)})
	}
	for _, o := range person.Opinions {
		out.Opinions = append(out.Opinions, shownOpinion{o, label(snap.Movies, o.Movie)})
	}
	if !person.Preferences.Empty() {
		out.Preferences = &person.Preferences
	}
	reasons := snap.Reasons(list.Items, taste, 2)
	for i, item := range list.Items {
		shown := shownItem{ID: snap.Movies.IDs[item.Row], Title: snap.Movies.Label(item.Row), Score: item.Score, Sources: list.SourceNames(item), Because: []string{}}
		for _, r := range reasons[i] {
			shown.Because = append(shown.Because, snap.Movies.Label(r.Row))
		}
		out.List = append(out.List, shown)
	}
	return e.print(out, out.text)
}

func label(m *rank.Movies, id catalog.MovieID) string {
	if row, ok := m.Row(id); ok {
		return m.Label(row)
	}
	return string(id)
}

func (u shownUser) text(w io.Writer) {
	fmt.Fprintf(w, "%s watched %d movies; the newest:\n", u.User.ID, u.Watched)
	rows := [][]string{}
	for _, s := range u.History {
		say := ""
		switch {
		case s.Rated:
			say = fmt.Sprintf("rated %g", s.Rating)
		case s.Shared:
			say = fmt.Sprintf("watched %.0f%%", 100*s.Share)
		}
		rows = append(rows, []string{"  " + s.At.Format(time.DateOnly), s.Title, say})
	}
	columns(w, rows...)
	u.saidText(w)
	fmt.Fprintf(w, "would get (%s, by %s):\n", u.Tier, u.Arm)
	rows = rows[:0]
	for _, item := range u.List {
		because := "from " + strings.Join(item.Sources, ", ")
		for i, t := range item.Because {
			if i == 0 {
				because = "because of " + t
			} else {
				because += " and " + t
			}
		}
		rows = append(rows, []string{fmt.Sprintf("  %.3f", item.Score), item.Title, because})
	}
	columns(w, rows...)
}

// saidText writes what the person said of movies, the newest few, and of their taste.
func (u shownUser) saidText(w io.Writer) {
	const most = 10
	rows := [][]string{}
	for _, o := range u.Opinions[:min(most, len(u.Opinions))] {
		rows = append(rows, []string{"  " + o.At.Format(time.DateOnly), o.Title, string(o.Kind)})
	}
	if len(rows) > 0 {
		fmt.Fprintf(w, "said what they think of %d movies:\n", len(u.Opinions))
		columns(w, rows...)
	}
	if p := u.Preferences; p != nil {
		fmt.Fprintf(w, "wrote that they like %q and dislike %q (a server counts that, this list does not)\n", catalog.CutText(p.Liked, 200), catalog.CutText(p.Disliked, 200))
	}
}
