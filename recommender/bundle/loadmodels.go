package bundle

import (
	"fmt"
	"slices"

	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
)

// readLists reads the lists that the manifest names, of so many movies.
func (l *loader) readLists(b *Bundle, movies int) error {
	for _, m := range b.Manifest.Models {
		if !m.Lists {
			continue
		}
		t, err := precomputed.Decode(l.data[m.lists()], movies)
		if err != nil {
			return fmt.Errorf("%s: %w: %w", m.lists(), err, ErrBroken)
		}
		if b.Lists == nil {
			b.Lists = make(map[string]*precomputed.Table)
		}
		b.Lists[m.Name] = t
	}
	return nil
}

// readModels reads the models of the manifest of b, in its order, but for those of
// done, which were read elsewhere.
func (l *loader) readModels(b *Bundle, done map[string]model.Model) error {
	for _, m := range b.Manifest.Models {
		trained := done[m.Name]
		if trained == nil {
			var err error
			if trained, err = l.readModel(m, b); err != nil {
				return err
			}
		}
		b.Models = append(b.Models, model.Named{Name: m.Name, Model: trained})
	}
	return nil
}

// readModel reads the file of m as a model of all movies of b, whose models are those
// that were read before: it is read with the movies that it knows and extended by the
// others. A composite is read with all, since its parts know them by then.
func (l *loader) readModel(m Model, b *Bundle) (model.Model, error) {
	n, dims := b.Movies.Len(), b.Manifest.Embedder.Dims
	rows := m.Rows
	if rows == 0 || len(m.Parts) > 0 {
		rows = n
	}
	if rows < 0 || rows > n {
		return nil, fmt.Errorf("model %s: knows %d movies of %d: %w", m.Name, rows, n, ErrBroken)
	}
	base := b.Base(b.Models)
	if rows < n {
		base.Movies, base.Vectors, base.Table = rows, b.Vectors[:rows*dims:rows*dims], nil
	}
	base.Histories = within(base.Histories, rows)
	trained, err := l.readFile(m, base)
	if err != nil || rows == n {
		return trained, err
	}
	if trained, err = model.Extend(trained, b.Vectors[rows*dims:], dims); err != nil {
		return nil, fmt.Errorf("%s: %d movies that came later: %w: %w", m.file(), n-rows, err, ErrBroken)
	}
	return trained, nil
}

// within returns what h says of the first movies, so many; h itself if that is all.
func within(h model.Histories, movies int) model.Histories {
	if !slices.ContainsFunc(h.Rows, func(row uint32) bool { return int(row) >= movies }) {
		return h
	}
	var out model.Histories
	for i, from := range h.Starts {
		out.Starts = append(out.Starts, uint32(len(out.Rows)))
		if i+1 == len(h.Starts) {
			break
		}
		for k := from; k < h.Starts[i+1]; k++ {
			if int(h.Rows[k]) < movies {
				out.Rows, out.Preferences = append(out.Rows, h.Rows[k]), append(out.Preferences, h.Preferences[k])
			}
		}
	}
	return out
}

// readFile reads the file of m as a model of the movies of base.
func (l *loader) readFile(m Model, base *model.Base) (model.Model, error) {
	kind, err := l.open.kind(m.Kind)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.Name, err)
	}
	stored, ok := l.data[m.file()]
	if !ok {
		return nil, fmt.Errorf("model %s: the bundle has no %s: %w", m.Name, m.file(), ErrBroken)
	}
	trained, err := kind.Read(stored, base)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", m.file(), err, ErrBroken)
	}
	if trained.Len() != base.Movies {
		return nil, fmt.Errorf("%s: scores %d movies, want %d: %w", m.file(), trained.Len(), base.Movies, ErrBroken)
	}
	return trained, nil
}
