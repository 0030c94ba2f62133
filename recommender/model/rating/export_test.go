package rating

import "marquee/recommender/model"

// Facts returns what the regression of the movies' ratings sees of each movie,
// [movies x width]: as it learns, with the count of watchers less one, and as it
// is asked.
func Facts(d *model.Data, content int) (learn, ask []float32, width int, err error) {
	r := ratingsOf(d)
	a, err := findAxes(d.Vectors, d.Dims, content)
	if err != nil {
		return nil, nil, 0, err
	}
	x := newDesign(d, r, newEncoder(d.Movies), a.placeAll(d), a.count)
	return x.learn, x.ask, x.width, nil
}

// Watchers is the column of the count of watchers.
const Watchers = watchers

// Solve returns the ridge regression of target on rows.
func Solve(rows, target []float32, width int, penalty float64) []float32 {
	s := newSolver(width)
	for i, v := range target {
		s.add(rows[i*width:(i+1)*width], v, 1)
	}
	out := make([]float32, width)
	s.solve(out, penalty)
	return out
}
