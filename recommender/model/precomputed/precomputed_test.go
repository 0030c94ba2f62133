package precomputed_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/precomputed"
)

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: precomputed.Kind(), Settings: json.RawMessage(`{"lists":"other"}`)})
}

// lists are by person.
type lists map[catalog.UserID][]uint32

func (l lists) Of(u catalog.UserID) ([]uint32, bool) {
	rows, ok := l[u]
	return rows, ok
}

func TestScore(t *testing.T) {
	base := &model.Base{Movies: 6, Lists: map[string]model.Lists{"als": lists{
		"ann": {4, 0, 2, 5}, "bob": {}, "eve": {9, 77}, "dan": {1, 3, 1, 60},
	}}}
	m := precomputed.New(precomputed.Config{Lists: "als"}, base)
	no := float32(math.NaN())
	for _, c := range []struct {
		user  catalog.UserID
		basis model.Basis
		want  []float32
	}{
		{"ann", model.Personal, []float32{0.75, no, 0.5, no, 1, 0.25}},
		{"dan", model.Personal, []float32{no, 1, no, 0.75, no, no}},
		{"bob", model.None, nil},
		{"eve", model.None, nil}, // no movie of the list is there
		{"zoe", model.None, nil},
	} {
		scores := make([]float32, 6)
		if basis := m.Score(model.Query{User: catalog.User{ID: c.user}}, scores); basis != c.basis {
			t.Errorf("%s: basis %d, want %d", c.user, basis, c.basis)
			continue
		}
		for row, want := range c.want {
			if got := scores[row]; got != want && (got == got || want == want) {
				t.Errorf("%s: movie %d scores %v, want %v", c.user, row, got, want)
			}
		}
	}
}

func TestAsk(t *testing.T) {
	d := modeltest.World(1, 30, 40)
	all := lists{}
	for i, u := range d.Users {
		for n := range i % 7 {
			all[u.ID] = append(all[u.ID], uint32(n*n*(i+3))%45) // some twice, some unknown
		}
	}
	modeltest.TestAsker(t, precomputed.New(precomputed.Config{Lists: "als"}, &model.Base{Movies: 40, Lists: map[string]model.Lists{"als": all}}), d)
}

// The lists of another model, or none yet, are nobody's.
func TestScoreWithoutLists(t *testing.T) {
	for _, base := range []*model.Base{{Movies: 3}, {Movies: 3, Lists: map[string]model.Lists{"als": lists{"ann": {1}}}}} {
		m := precomputed.New(precomputed.DefaultConfig(), base)
		if basis := m.Score(model.Query{User: catalog.User{ID: "ann"}}, make([]float32, 3)); basis != model.None {
			t.Errorf("basis %d, want none", basis)
		}
	}
}

func TestSettings(t *testing.T) {
	d := modeltest.World(1, 30, 40)
	for _, bad := range []string{`{"lists":""}`, `{"lists":"\ud800"}x`, `{"lists":3}`} {
		if _, err := precomputed.Kind().Train(t.Context(), d, &model.Base{Movies: 40}, nil, json.RawMessage(bad), nil); err == nil {
			t.Errorf("settings %s were taken", bad)
		}
	}
}

func TestTableWithout(t *testing.T) {
	table := run(t, plan(t, 57))
	before := table.Encode()
	left, n := table.Without(func(u catalog.UserID) bool { return u == "u0007" || u == "u0056" || u == "nobody" })
	if n != 2 || left.Len() != table.Len()-2 {
		t.Fatalf("%d are gone, %d of %d left; want 2 gone", n, left.Len(), table.Len())
	}
	if !slices.Equal(table.Encode(), before) {
		t.Error("the table itself changed")
	}
	for i := range 57 {
		u := user(i)
		was, had := table.Of(u)
		is, has := left.Of(u)
		if gone := u == "u0007" || u == "u0056"; gone && has || !gone && (had != has || !slices.Equal(was, is)) {
			t.Errorf("%s: list %v, before %v", u, is, was)
		}
	}
	again, err := precomputed.Decode(left.Encode(), movies)
	if err != nil || !slices.Equal(again.Encode(), left.Encode()) {
		t.Errorf("not read back: %v", err)
	}
	if none, n := table.Without(func(catalog.UserID) bool { return true }); n != table.Len() || none.Len() != 0 {
		t.Errorf("%d gone, %d left; want all and none", n, none.Len())
	}
}

func TestDecodeRefuses(t *testing.T) {
	encode := func(users []string, starts, rows []uint32) []byte {
		var e column.Encoder
		column.EncodeStrings(&e, users)
		e.Uint32s(starts)
		e.Uint32s(rows)
		return e.Data
	}
	if _, err := precomputed.Decode(encode([]string{"a", "b"}, []uint32{0, 1, 3}, []uint32{5, 2, 1}), 6); err != nil {
		t.Errorf("good bytes: %v", err)
	}
	for name, data := range map[string][]byte{
		"nothing":        nil,
		"no starts":      encode(nil, nil, nil),
		"too few starts": encode([]string{"a", "b"}, []uint32{0, 3}, []uint32{5, 2, 1}),
		"first start":    encode([]string{"a"}, []uint32{1, 3}, []uint32{5, 2, 1}),
		"last start":     encode([]string{"a"}, []uint32{0, 4}, []uint32{5, 2, 1}),
		"falling starts": encode([]string{"a", "b", "c"}, []uint32{0, 3, 1, 3}, []uint32{5, 2, 1}),
		"unknown movie":  encode([]string{"a"}, []uint32{0, 1}, []uint32{6}),
		"order":          encode([]string{"b", "a"}, []uint32{0, 1, 2}, []uint32{1, 1}),
		"twice":          encode([]string{"a", "a"}, []uint32{0, 1, 2}, []uint32{1, 1}),
		"more":           append(encode([]string{"a"}, []uint32{0, 1}, []uint32{1}), 0),
	} {
		if _, err := precomputed.Decode(data, 6); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}
