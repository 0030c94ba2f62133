package eval

import "math"

// Coverage returns the share of a catalog of size movies that was listed at
// least once; shown holds how often each movie was. NaN if size is 0.
func Coverage(shown []int, size int) float64 {
	if size < 1 {
		return math.NaN()
	}
	n := 0
	for _, times := range shown {
		if times > 0 {
			n++
		}
	}
	return float64(n) / float64(size)
}

// Gini returns how unequally the movies of the catalog were listed: 0 if all
// were as often as each other, near 1 if one took every place. Movies that were
// never listed count. NaN if nothing was listed.
func Gini(shown []int) float64 { return unevenness(histogram(shown)) }

// Entropy returns the Shannon entropy of the places by movie, in bits: 0 if one
// movie took them all, log2 of the number of movies if all were listed alike
// (Shannon, "A mathematical theory of communication", 1948). Two to its power is
// how many movies, listed alike, would be as varied. NaN if nothing was listed.
func Entropy(shown []int) float64 {
	return entropyOf(histogram(shown), func(times int) float64 {
		if times == 0 {
			return 0
		}
		return float64(times) * math.Log2(float64(times))
	})
}

// histogram returns how many movies were shown how often.
func histogram(shown []int) []int64 {
	var out []int64
	for _, times := range shown {
		for times >= len(out) {
			out = append(out, 0)
		}
		out[times]++
	}
	return out
}

// unevenness is [Gini] of a histogram. The movies shown equally often stand
// together in the ascending order of its formula, so their terms are added at
// once, and exactly.
func unevenness(hist []int64) float64 {
	var n, sum int64
	for times, movies := range hist {
		n += movies
		sum += int64(times) * movies
	}
	if sum == 0 {
		return math.NaN()
	}
	var before int64
	var weighted float64
	for times, movies := range hist {
		if movies > 0 {
			weighted += float64(times) * float64(movies*(2*before+movies-n))
			before += movies
		}
	}
	return weighted / (float64(n) * float64(sum))
}

// entropyOf is [Entropy] of a histogram, given x log2 x.
func entropyOf(hist []int64, xlogx func(times int) float64) float64 {
	var sum, logs float64
	for times, movies := range hist {
		if movies > 0 {
			sum += float64(times) * float64(movies)
			logs += float64(movies) * xlogx(times)
		}
	}
	if sum == 0 {
		return math.NaN()
	}
	return max(0, math.Log2(sum)-logs/sum)
}
