package userknn

import (
	"marquee/recommender/model"
)

// Predict writes, of each movie, the person's mean plus how far the K most alike
// of those who watched it lie above their own means with it, weighed by how alike
// they are: KNNWithMeans by users of Surprise. A movie that nobody alike watched
// gets the person's mean. A thin history gets the means of its group, and so does
// a movie that nobody watched.
func (m *Model) Predict(q model.Query, movies []uint32, ratings []float32) {
	w := m.scratch.Get().(*scratch)
	defer m.scratch.Put(w)
	w.ask(q)
	m.groups.Predict(q.User, movies, ratings)
	if len(w.asked) >= m.c.LeastRated {
		w.predict(movies, ratings)
	}
	for i, r := range ratings {
		ratings[i] = min(float32(m.scale.Max), max(float32(m.scale.Min), r))
	}
}

func (w *scratch) predict(movies []uint32, ratings []float32) {
	sum := 0.0
	for _, a := range w.asked {
		sum += float64(w.people.value[a.preference])
	}
	mean := sum / float64(len(w.asked))
	var met []uint32
	w.meet(func(place uint32, similarity float32) {
		w.alike[place] = similarity
		met = append(met, place)
	})
	for i, row := range movies {
		if int(row) < w.Len() && w.people.starts[row] < w.people.starts[row+1] {
			ratings[i] = float32(mean + w.deviation(row))
		}
	}
	for _, place := range met {
		w.alike[place] = 0
	}
}

// deviation returns how far the people most alike lie above their means with a
// movie.
func (w *scratch) deviation(row uint32) float64 {
	w.best.Start(w.c.K)
	places, preferences := w.people.watchers(row, w.c.People)
	for i, place := range places {
		if s := w.alike[place]; s > 0 {
			w.best.Offer(uint32(i), s)
		}
	}
	sum, weight := 0.0, 0.0
	for _, n := range w.best.Best() {
		sum += float64(n.Score) * (float64(w.people.value[preferences[n.Row]]) - float64(w.people.mean[places[n.Row]]))
		weight += float64(n.Score)
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}
