package userknn

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
	"marquee/recommender/model/popular/group"
)

// WriteTo writes the settings, the biases of movies if there are any, and the
// groups. It writes nothing about any one person.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	settings, err := json.Marshal(m.c)
	if err != nil {
		return 0, err
	}
	var e column.Encoder
	e.Bytes(settings)
	e.Float64s([]float64{m.biases.Mean})
	e.Float32s(m.biases.Movie)
	m.groups.Encode(&e)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what [Model.WriteTo] wrote and of the histories of base.
// Errors wrap [column.ErrBroken].
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	settings := d.Bytes()
	mean, biases := d.Float64s(), d.Float32s()
	c, err := model.Settings(DefaultConfig(), settings)
	if err != nil {
		return nil, fmt.Errorf("userknn: %w: %w", err, column.ErrBroken)
	}
	m := &Model{c: c, scale: base.Scale}
	if m.groups, err = group.Decode(d, base.Movies, base.Scale); err != nil {
		return nil, fmt.Errorf("userknn: %w", err)
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("userknn: %w", err)
	}
	if err := checkBiases(c, mean, biases, base); err != nil {
		return nil, fmt.Errorf("userknn: %w: %w", err, column.ErrBroken)
	}
	if err := checkHistories(base.Histories, base.Movies); err != nil {
		return nil, fmt.Errorf("userknn: %w: %w", err, column.ErrBroken)
	}
	m.biases = alike.Biases{Mean: mean[0], Movie: biases}
	m.prepare(base.Histories)
	return m, nil
}

// checkBiases returns an error for numbers that no biases have.
func checkBiases(c Config, mean []float64, biases []float32, base *model.Base) error {
	want := 0
	if c.Similarity == alike.Baseline {
		want = base.Movies
	}
	if len(mean) != 1 || len(biases) != want {
		return fmt.Errorf("%d means and biases of %d movies, want 1 and %d", len(mean), len(biases), want)
	}
	most := 10 * (math.Abs(base.Scale.Min) + math.Abs(base.Scale.Max))
	if !(math.Abs(mean[0]) <= most) {
		return fmt.Errorf("mean of the ratings is %v, want one of the scale", mean[0])
	}
	for i, b := range biases {
		if !(math.Abs(float64(b)) <= most) {
			return fmt.Errorf("bias of movie %d is %v, want one within the scale", i, b)
		}
	}
	return nil
}

// checkHistories returns an error unless every history lies within its columns
// and every row within the movies.
func checkHistories(h model.Histories, movies int) error {
	for i := range h.Len() {
		if h.Starts[i] > h.Starts[i+1] {
			return fmt.Errorf("history %d of %d ends before it begins", i, h.Len())
		}
	}
	if n := len(h.Rows); len(h.Preferences) != n || h.Len() > 0 && (h.Starts[0] != 0 || int(h.Starts[h.Len()]) != n) || h.Len() == 0 && n > 0 {
		return fmt.Errorf("histories of %d people have %d movies and %d preferences, which do not fit", h.Len(), n, len(h.Preferences))
	}
	for i, row := range h.Rows {
		if int(row) >= movies {
			return fmt.Errorf("entry %d of the histories is movie %d of %d", i, row, movies)
		}
	}
	return nil
}
