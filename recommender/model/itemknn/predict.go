package itemknn

import "marquee/recommender/model"

// A scratch is the working memory of one prediction, all zeros between two.
type scratch struct {
	deviations []float32 // movie -> how far the person's rating lies above its mean
	rated      []bool
}

// Predict writes, of each movie, its mean rating plus what the person gave the K
// nearest movies that they rated above the means of those, weighed by how alike
// they are: KNNWithMeans by items of Surprise. A movie near none of them gets its
// mean; one that nobody rated, the mean of all.
func (m *Model) Predict(q model.Query, movies []uint32, ratings []float32) {
	w := m.scratch.Get().(*scratch)
	defer m.scratch.Put(w)
	for _, s := range q.Seen {
		if s.Rated && int(s.Movie) < m.Len() {
			w.rated[s.Movie], w.deviations[s.Movie] = true, s.Rating-m.means[s.Movie]
		}
	}
	for i, movie := range movies {
		ratings[i] = m.mean
		if int(movie) < m.Len() {
			ratings[i] = m.predict(w, movie)
		}
		ratings[i] = min(float32(m.scale.Max), max(float32(m.scale.Min), ratings[i]))
	}
	for _, s := range q.Seen {
		if int(s.Movie) < m.Len() {
			w.rated[s.Movie], w.deviations[s.Movie] = false, 0
		}
	}
}

func (m *Model) predict(w *scratch, movie uint32) float32 {
	rows, likes := m.Neighbors(movie)
	sum, weight, n := 0.0, 0.0, 0
	for i, row := range rows {
		if !w.rated[row] {
			continue
		}
		sum += float64(likes[i]) * float64(w.deviations[row])
		weight += float64(likes[i])
		if n++; n == m.c.K {
			break
		}
	}
	if n == 0 {
		return m.means[movie]
	}
	return m.means[movie] + float32(sum/weight)
}
