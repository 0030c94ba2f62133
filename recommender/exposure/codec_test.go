package exposure_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/exposure"
)

// anyList draws a list, of whatever texts.
func anyList(t *rapid.T) catalog.Exposure {
	text := func(name string) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, name)) }
	e := catalog.Exposure{
		RequestID: text("request"), User: catalog.UserID(text("user")), Experiment: text("experiment"), Arm: text("arm"), Bundle: text("bundle"), Tier: text("tier"),
		Sequence: rapid.Int64().Draw(t, "sequence"), At: time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "at"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanos")).UTC(),
	}
	if rapid.Bool().Draw(t, "with input") {
		e.Input = rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "input")
	}
	for range rapid.IntRange(0, 30).Draw(t, "movies") {
		e.Movies = append(e.Movies, catalog.Exposed{
			Movie: catalog.MovieID(text("movie")), Source: rapid.SampledFrom([]string{"", "als", "neighbours", "explore"}).Draw(t, "source"), Propensity: rapid.Float32().Draw(t, "propensity"),
		})
	}
	return e
}

func TestRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(anyList), 1, 4).Draw(t, "lists")
		var raw []byte
		var err error
		for _, e := range want {
			if raw, err = exposure.AppendRecord(raw, e); err != nil {
				t.Fatal(err)
			}
		}
		var got []catalog.Exposure
		for len(raw) > 0 {
			var body []byte
			if body, raw, err = exposure.BodyOf(raw); err != nil {
				t.Fatal(err)
			}
			e, err := exposure.DecodeList(body)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestTooLongForARecord(t *testing.T) {
	before := []byte("before")
	raw, err := exposure.AppendRecord(before, catalog.Exposure{Input: make([]byte, 10<<20)})
	if !errors.Is(err, catalog.ErrInvalid) || string(raw) != "before" {
		t.Errorf("%d bytes, %v; want what was there before, and an error that wraps ErrInvalid", len(raw), err)
	}
}

// Whatever a record holds, it is a list or an error, and a list comes back as it was.
func FuzzDecodeList(f *testing.F) {
	for _, e := range []catalog.Exposure{{}, list(7), {Movies: []catalog.Exposed{{Movie: "a", Source: "x"}, {Movie: "b", Source: "x", Propensity: float32(math.NaN())}}}} {
		raw, err := exposure.AppendRecord(nil, e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[8:])
		f.Add(raw[8 : len(raw)-1])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := exposure.DecodeList(body)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Fatalf("%v, want an error that wraps ErrInvalid", err)
			}
			return
		}
		raw, err := exposure.AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		again, err := exposure.DecodeList(raw[8:])
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.Movies { // NaN is not equal to itself
			if a, b := e.Movies[i].Propensity, again.Movies[i].Propensity; math.Float32bits(a) == math.Float32bits(b) {
				e.Movies[i].Propensity, again.Movies[i].Propensity = 0, 0
			}
		}
		if !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v came back as %+v", e, again)
		}
	})
}
