package pipeline_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// An edited store has hidden movies and corrections.
type edited struct {
	store
	hidden      []catalog.MovieID
	corrections []catalog.Correction
	fault       error
}

func (e edited) Hidden(context.Context) (out []catalog.Hidden, err error) {
	for _, id := range e.hidden {
		out = append(out, catalog.Hidden{Movie: id, Note: "rights"})
	}
	return out, e.fault
}

func (e edited) Corrections(_ context.Context, movie catalog.MovieID) ([]catalog.Correction, error) {
	if movie != "" {
		return nil, errors.New("asked for one movie, want all")
	}
	return e.corrections, nil
}

// What editors said by the time of a build is in the bundle, and its lists keep to it.
func TestEditorialOfABuild(t *testing.T) {
	e := edited{store: sample(), hidden: []catalog.MovieID{"b", "unheard-of"}, corrections: []catalog.Correction{{Movie: "a", Other: "c", Kind: catalog.Pin, At: time.Unix(7, 0).UTC()}}}
	b, err := pipeline.Build(t.Context(), e, options(&letters{}, &backend{recall: 1}))
	if err != nil {
		t.Fatal(err)
	}
	again := reload(t, b, options(&letters{}, &backend{recall: 1}))
	if !slices.Equal(again.Hidden, e.hidden) || !reflect.DeepEqual(again.Corrections, e.corrections) {
		t.Errorf("hidden %v, corrections %v; want %v and %v", again.Hidden, again.Corrections, e.hidden, e.corrections)
	}
	state, err := again.State()
	if err != nil {
		t.Fatal(err)
	}
	list := state.Snapshot.Recommend(rank.Request{N: 20, Now: time.Now()})
	if slices.ContainsFunc(list.Items, func(i rank.Item) bool { return i.Row == 1 }) || len(list.Items) != 3 {
		t.Errorf("%d movies listed, want all but the hidden one", len(list.Items))
	}
	if near := state.Snapshot.Table.Of(0); len(near) == 0 || near[0].Row != 2 {
		t.Errorf("neighbours of a: %v, want c first", near)
	}
	e.fault = catalog.ErrUnavailable
	if _, err := pipeline.Read(t.Context(), e, rank.DefaultConfig()); !errors.Is(err, e.fault) {
		t.Errorf("error %v, want %v", err, e.fault)
	}
}
