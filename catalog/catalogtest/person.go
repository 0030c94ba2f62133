package catalogtest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

// A Person is what History, User and Preferences say of one, and the opinions.
func testPerson(t *testing.T, s Store) {
	ctx := t.Context()
	same(t, "nobody", ok[catalog.Person](t)(s.Person(ctx, "7")), catalog.Person{})
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "heat+1995", RuntimeMinutes: 100}}))
	held(t)(s.Append(ctx, catalog.Batch{
		Partition: "p", To: 1,
		Minutes: []catalog.Minute{{User: "7", Movie: "heat+1995", At: epoch, Minute: 49}, {User: "7", Movie: "m+1931", At: epoch}, {User: "70", Movie: "x", At: epoch}},
		Ratings: []catalog.Rating{{User: "7", Movie: "rated", Value: 4, At: after(hour)}, {User: "7", Movie: "heat+1995", Value: 2, At: epoch}},
	}))
	history := ok[[]catalog.Seen](t)(s.History(ctx, "7", 0))
	same(t, "movies for a proof", len(history), 3)
	same(t, "a history alone", ok[catalog.Person](t)(s.Person(ctx, "7")), catalog.Person{Seen: history})

	user := catalog.User{ID: "7", Age: 30, Occupation: "técnico", Extra: map[string]json.RawMessage{"likes": json.RawMessage(`"trains"`)}}
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{user, {ID: "70"}}))
	put(t, s, told("b", catalog.FeedbackLike, 0), told("a", catalog.FeedbackDismiss, 0), told("c", catalog.FeedbackDislike, hour), told("d", catalog.FeedbackWatch, 0))
	said := catalog.Preferences{User: "7", Liked: "trains", Disliked: "gore,\nblood", At: after(0)}
	must(t, s.PutPreferences(ctx, said))
	want := catalog.Person{User: user, Known: true, Seen: history, Preferences: said, Opinions: []catalog.Opinion{
		{Movie: "c", Kind: catalog.FeedbackDislike, At: after(hour)}, {Movie: "a", Kind: catalog.FeedbackDismiss, At: after(0)}, {Movie: "b", Kind: catalog.FeedbackLike, At: after(0)},
	}}
	same(t, "all", ok[catalog.Person](t)(s.Person(ctx, "7")), want)
	same(t, "another", ok[catalog.Person](t)(s.Person(ctx, "70")), catalog.Person{
		User: catalog.User{ID: "70"}, Known: true, Seen: ok[[]catalog.Seen](t)(s.History(ctx, "70", 0)),
	})
}

// A Person has no more opinions than is said: the newest.
func testPersonOpinions(t *testing.T, s Store) {
	var feedback []catalog.Feedback
	for i := range catalog.MaxOpinions + 10 {
		feedback = append(feedback, told(catalog.MovieID(fmt.Sprint(i)), catalog.FeedbackLike, time.Duration(i)*time.Second))
	}
	put(t, s, feedback...)
	opinions := ok[catalog.Person](t)(s.Person(t.Context(), "7")).Opinions
	same(t, "opinions", len(opinions), catalog.MaxOpinions)
	same(t, "the oldest of them", opinions[len(opinions)-1].Movie, "10")
}

func testPreferences(t *testing.T, s Store) {
	ctx := t.Context()
	of := func(liked string, d time.Duration) catalog.Preferences {
		return catalog.Preferences{User: "7", Liked: liked, At: after(d)}
	}
	absent := func(what string) {
		t.Helper()
		_, err := s.Preferences(ctx, "7")
		fails(t, what, err, catalog.ErrNotFound)
		same(t, what, ok[catalog.Person](t)(s.Person(ctx, "7")).Preferences, catalog.Preferences{})
	}
	absent("nothing said")
	must(t, s.PutPreferences(ctx, of("trains", hour)))
	last := ok[int64](t)(s.LastActivity(ctx))
	must(t, s.PutPreferences(ctx, of("trains", hour)))
	must(t, s.PutPreferences(ctx, of("ships", 0)))
	same(t, "the later ones", ok[catalog.Preferences](t)(s.Preferences(ctx, "7")), of("trains", hour))
	same(t, "nothing changed", ok[int64](t)(s.LastActivity(ctx)), last)
	must(t, s.PutPreferences(ctx, of("planes", 2*hour)))
	same(t, "replaced", ok[catalog.Preferences](t)(s.Preferences(ctx, "7")), of("planes", 2*hour))
	same(t, "told of", ok[int64](t)(s.LastActivity(ctx)), last+1)
	counts(t, s, catalog.Counts{Preferences: 1})
	must(t, s.PutPreferences(ctx, of("", 3*hour)))
	absent("taken back")
	must(t, s.PutPreferences(ctx, of("late", 2*hour)))
	absent("what was said before it was taken back")
	counts(t, s, catalog.Counts{})
	for what, p := range map[string]catalog.Preferences{"user": {User: "a b", At: epoch}, "time": {User: "7"}, "text": {User: "7", Liked: "\xff", At: epoch}, "NUL": {User: "7", Disliked: "\x00", At: epoch}} {
		fails(t, what, s.PutPreferences(ctx, p), catalog.ErrInvalid)
	}
}
