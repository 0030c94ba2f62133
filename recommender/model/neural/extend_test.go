package neural_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/neural"
)

func world(t *testing.T) (*model.Data, *neural.Model) {
	t.Helper()
	d := modeltest.World(3, 300, 160)
	c := small()
	c.Epochs, c.BatchSize = 8, 50
	m, err := neural.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return d, m
}

// The movies that nobody watched score by the circle that their vector lies in.
func TestColdMovies(t *testing.T) {
	d, m := world(t)
	scores := make([]float32, m.Len())
	var mine, others, n float64
	for circle := range uint32(8) {
		if m.Score(model.Query{Seen: []model.Seen{{Movie: circle}, {Movie: circle + 8}, {Movie: circle + 16}}}, scores) != model.Personal {
			t.Fatal("not personal")
		}
		for row := 144; row < 160; row++ {
			if uint32(row%8) == circle {
				mine += float64(scores[row])
				n++
			} else {
				others += float64(scores[row]) / 7
			}
		}
	}
	if !(mine/n > others/n+0.5) {
		t.Errorf("cold movies of the circle score %.2f, others %.2f", mine/n, others/n)
	}
	_ = d
}

func TestExtend(t *testing.T) {
	d, m := world(t)
	one, err := m.Extend(d.Vector(150), d.Dims)
	if err != nil {
		t.Fatal(err)
	}
	two, err := one.(model.Extender).Extend(append(make([]float32, d.Dims), d.Vector(151)...), d.Dims)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 163)
	two.Score(model.Query{Seen: d.Of(4)}, scores)
	if scores[160] != scores[150] || scores[162] != scores[151] {
		t.Errorf("new movies score %v and %v, those with their vectors %v and %v", scores[160], scores[162], scores[150], scores[151])
	}
	if scores[161] == scores[161] {
		t.Errorf("a movie without a vector scores %v, want NaN", scores[161])
	}
	old := make([]float32, 160)
	m.Score(model.Query{Seen: []model.Seen{{Movie: 150}}}, old)
	two.Score(model.Query{Seen: []model.Seen{{Movie: 160}}}, scores)
	if scores[3] != old[3] {
		t.Errorf("a history of the new movie scores %v, one of the movie with its vector %v", scores[3], old[3])
	}
	var a, b bytes.Buffer
	if _, err := two.WriteTo(&a); err != nil {
		t.Fatal(err)
	}
	again, err := neural.Read(a.Bytes(), &model.Base{Scale: d.Scale, Movies: 163, Dims: d.Dims})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.WriteTo(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("an extended model is not read back: %v", err)
	}
	q := model.Query{Seen: []model.Seen{{Movie: 162}, {Movie: 160}}} // a history of new movies alone
	read := make([]float32, 163)
	if two.Score(q, scores) != model.Personal || again.Score(q, read) != model.Personal || scores[3] != read[3] {
		t.Errorf("score %v, when read back %v", scores[3], read[3])
	}
}

func TestExtendRefuses(t *testing.T) {
	d, m := world(t)
	no := make([]float32, d.Dims)
	no[2] = float32(math.NaN())
	for name, c := range map[string]struct {
		rows []float32
		dims int
	}{
		"other length": {make([]float32, 8), 8},
		"torn row":     {make([]float32, d.Dims+1), d.Dims},
		"no length":    {nil, 0},
		"NaN":          {no, d.Dims},
	} {
		if _, err := m.Extend(c.rows, c.dims); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error %v, want invalid", name, err)
		}
	}
}

// Without vectors at training, new movies are unknown.
func TestExtendWithoutVectors(t *testing.T) {
	m, err := neural.Train(t.Context(), tiny(), small(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	x, err := m.Extend([]float32{1, 0, 0, 1}, 2)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 14)
	if x.Score(model.Query{Seen: []model.Seen{{Movie: 1}}}, scores) != model.Personal || scores[12] == scores[12] || scores[0] != scores[0] {
		t.Errorf("scores %v, want those before, and NaN for the new", scores)
	}
}

func TestReadRefusesOtherVectors(t *testing.T) {
	d, m := world(t)
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for dims, want := range map[int]error{d.Dims: nil, d.Dims + 1: column.ErrBroken, 0: column.ErrBroken} {
		if _, err := neural.Read(b.Bytes(), &model.Base{Scale: d.Scale, Movies: len(d.Movies), Dims: dims}); !errors.Is(err, want) {
			t.Errorf("trained with vectors of %d, read beside vectors of %d: %v, want %v", d.Dims, dims, err, want)
		}
	}
}

// A weight that is no number would spoil every score.
func TestReadRefusesNaN(t *testing.T) {
	d, m := world(t)
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	copy(data[len(data)-4:], []byte{0, 0, 0xc0, 0x7f})
	if _, err := neural.Read(data, modeltest.BaseOf(t, d)); !errors.Is(err, column.ErrBroken) {
		t.Errorf("error %v, want broken", err)
	}
}
