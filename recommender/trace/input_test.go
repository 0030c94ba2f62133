package trace_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
	"marquee/recommender/trace"
)

// drawn returns any input.
func drawn(t *rapid.T) trace.Input {
	i := trace.Input{
		N: rapid.IntRange(0, 1000).Draw(t, "n"), Now: time.UnixMicro(rapid.Int64().Draw(t, "now")).UTC(),
		Adult: rapid.Bool().Draw(t, "adult"), Stale: rapid.Bool().Draw(t, "stale"), Elsewhere: rapid.Bool().Draw(t, "elsewhere"),
		User: catalog.User{
			ID: catalog.UserID(rapid.String().Draw(t, "user")), Age: rapid.IntRange(0, 150).Draw(t, "age"),
			Gender: rapid.String().Draw(t, "gender"), Occupation: rapid.String().Draw(t, "occupation"),
		},
		Kernel: rapid.SampledFrom([]string{"", "go", "avx2", "avx512"}).Draw(t, "kernel"), Unknown: rapid.IntRange(0, 9).Draw(t, "unknown"),
		Rows: rapid.IntRange(0, 1<<32-1).Draw(t, "rows"), Fingerprint: rapid.Uint64().Draw(t, "fingerprint"),
	}
	for range rapid.IntRange(0, 30).Draw(t, "watched") {
		row := rapid.Uint32().Draw(t, "row")
		i.Watched = append(i.Watched, rank.Watched{Row: row, Preference: rapid.Byte().Draw(t, "preference")})
		s := model.Seen{Movie: row, At: rapid.Int64().Draw(t, "at"), Days: rapid.Int32().Draw(t, "days"), Rated: rapid.Bool().Draw(t, "rated"), Shared: rapid.Bool().Draw(t, "shared")}
		if s.Rated {
			s.Rating = rapid.Float32().Draw(t, "rating")
		}
		if s.Shared {
			s.Share = rapid.Float32().Draw(t, "share")
		}
		i.Seen = append(i.Seen, s)
	}
	for range rapid.IntRange(0, 5).Draw(t, "scores") {
		i.Scores = append(i.Scores, rapid.Float32().Draw(t, "score"))
	}
	i.Arm = rapid.SampledFrom([]string{"", "als", "blend"}).Draw(t, "arm")
	i.Seed = rapid.Uint64().Draw(t, "seed")
	if rapid.Bool().Draw(t, "with knobs") {
		k := rank.DefaultKnobs()
		k.Explore, k.Popularity = rapid.Float64Range(0, 0.5).Draw(t, "explore"), rapid.Float64Range(-1, 1).Draw(t, "popularity")
		i.Knobs = &k
	}
	for range rapid.IntRange(0, 3).Draw(t, "said and shown") {
		row := rapid.Uint32().Draw(t, "row")
		i.Opinions.Liked = append(i.Opinions.Liked, row)
		i.Opinions.Disliked = append(i.Opinions.Disliked, row+1)
		i.Opinions.Dismissed = append(i.Opinions.Dismissed, row+2)
		i.Shown = append(i.Shown, rank.Shown{Row: row, Times: rapid.Byte().Draw(t, "times")})
	}
	return i
}

// What was packed comes back, and nothing that was cut or has more behind does.
func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawn(t)
		packed := want.Pack()
		got, err := trace.Unpack(packed)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
		if _, err := trace.Unpack(append(packed, 0)); !errors.Is(err, trace.ErrInput) {
			t.Fatalf("with a byte more: %v", err)
		}
		if _, err := trace.Unpack(packed[:rapid.IntRange(0, len(packed)-1).Draw(t, "cut")]); !errors.Is(err, trace.ErrInput) {
			t.Fatalf("cut: %v", err)
		}
	})
}

// What the first version wrote is still read.
func TestUnpackVersion1(t *testing.T) {
	want := trace.Input{
		N: 20, Now: time.UnixMicro(1).UTC(), Adult: true, Kernel: "go", User: catalog.User{ID: "7"},
		Watched: []rank.Watched{{Row: 3, Preference: 40}}, Scores: []float32{1},
	}
	got, err := trace.Unpack([]byte("\x01\x01\x14\x02\x017\x00\x00\x02go\x00\x00\x01\x03\x28\x00\x01\x00\x00\x80\x3f"))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// What the second version wrote is still read.
func TestUnpackVersion2(t *testing.T) {
	want := trace.Input{
		N: 20, Now: time.UnixMicro(1).UTC(), Kernel: "go", User: catalog.User{ID: "7"}, Rows: 9, Fingerprint: 5,
		Watched: []rank.Watched{{Row: 3, Preference: 40}}, Scores: []float32{1},
	}
	got, err := trace.Unpack([]byte("\x02\x00\x09\x05\x00\x00\x00\x00\x00\x00\x00\x14\x02\x017\x00\x00\x02go\x00\x00\x01\x03\x28\x00\x01\x00\x00\x80\x3f"))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

// Knobs that no server takes are no input: a replay would make a list of them.
func TestUnpackRefusesKnobs(t *testing.T) {
	k := rank.DefaultKnobs()
	k.Explore = 0.9
	if _, err := trace.Unpack(trace.Input{Knobs: &k}.Pack()); !errors.Is(err, trace.ErrInput) {
		t.Errorf("a share of 0.9 to explore: %v, want that it is no input", err)
	}
}

// A history of 165 movies, as people of ml-latest-small have on average, takes little
// room: the table of exposures holds one for every list.
func TestPackIsSmall(t *testing.T) {
	var i trace.Input
	at := time.Date(2026, 11, 1, 20, 0, 0, 0, time.UTC).UnixMicro()
	for k := range 165 {
		i.Watched = append(i.Watched, rank.Watched{Row: uint32(k * 50), Preference: 40})
		i.Seen = append(i.Seen, model.Seen{Movie: uint32(k * 50), At: at - int64(k)*86_400_000_000, Days: 1, Rated: true, Rating: 4})
	}
	if n := len(i.Pack()); n > 165*22+64 {
		t.Errorf("%d bytes, want at most 22 a movie", n)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add(trace.Input{N: 20, Now: time.UnixMicro(1), Seen: []model.Seen{{Movie: 3, Rated: true, Rating: 4, At: math.MaxInt64}}}.Pack())
	knobs := rank.DefaultKnobs()
	f.Add(trace.Input{Arm: "als", Knobs: &knobs, Seed: 7, Opinions: rank.Opinions{Liked: []uint32{1}}, Shown: []rank.Shown{{Row: 2, Times: 3}}}.Pack())
	f.Add([]byte{2, 0, 30, 1, 2, 3, 4, 5, 6, 7, 8, 20, 2, 0})
	f.Add([]byte{1, 0, 20, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := trace.Unpack(data)
		if err != nil {
			if !errors.Is(err, trace.ErrInput) {
				t.Fatal(err)
			}
			return
		}
		again, err := trace.Unpack(i.Pack())
		if err != nil {
			t.Fatalf("packed anew: %v", err)
		}
		if len(again.Seen) != len(i.Seen) || len(again.Watched) != len(i.Watched) || again.User.ID != i.User.ID {
			t.Fatalf("packed anew: %+v, want %+v", again, i)
		}
	})
}
