package alike

// Regularisation and sweeps of [Fit], those of Surprise's alternating least
// squares, so that pearson_baseline is the same measure there and here.
const (
	movieRegular  = 10
	personRegular = 15
	sweeps        = 10
)

// Biases are how far each movie's ratings, and each person's, lie from the mean of
// all (Koren, "Factor in the Neighbors", 2010, section 2.1).
type Biases struct {
	Mean  float64
	Movie []float32 // [movies]
}

// Fit returns the biases of ratings, people by movies. It takes O(entries).
func Fit(ratings *Sparse, movies int) Biases {
	b := Biases{Movie: make([]float32, movies)}
	sum := 0.0
	for _, r := range ratings.Values {
		sum += float64(r)
	}
	b.Mean = sum / float64(max(1, len(ratings.Values)))
	people := make([]float64, ratings.Len())
	sums, counts := make([]float64, movies), make([]float64, movies)
	for range sweeps {
		clear(sums)
		clear(counts)
		for i := range people {
			cols, values := ratings.Row(i)
			for j, c := range cols {
				sums[c] += float64(values[j]) - b.Mean - people[i]
				counts[c]++
			}
		}
		for c := range sums {
			b.Movie[c] = float32(sums[c] / (movieRegular + counts[c]))
		}
		for i := range people {
			people[i] = b.Person(ratings.Row(i))
		}
	}
	return b
}

// Person returns the bias of a person by what they rated.
func (b *Biases) Person(movies []uint32, ratings []float32) float64 {
	sum := 0.0
	for i, m := range movies {
		sum += float64(ratings[i]) - b.Mean - float64(b.Movie[m])
	}
	return sum / (personRegular + float64(len(movies)))
}
