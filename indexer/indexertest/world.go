package indexertest

import (
	"math"
	"math/rand/v2"

	"marquee/indexer"
)

const (
	latentDims  = 24  // text embeddings of films vary along some twenty directions, not along all 384
	clusterRows = 60  // rows of a mean cluster: films of one vein
	genreEvery  = 12  // clusters that share one genre
	strayShare  = 50  // one row in so many belongs to no cluster
	isotropic   = 0.1 // length of the noise outside the latent directions, beside 1
)

// Clustered returns n unit vectors, [n x dims], that lie as films do: genres,
// veins within a genre, some tight and some loose, a few strays, and a little
// noise in every direction. Same arguments, same bits.
func Clustered(seed uint64, n, dims int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0x636c7573746572))
	latent := min(latentDims, dims)
	clusters := 1 + n/clusterRows
	genres := gaussian(rng, (1+clusters/genreEvery)*latent)
	centres := gaussian(rng, clusters*latent)
	spread := make([]float64, clusters)
	for c := range clusters {
		spread[c] = 0.25 + 0.6*rng.Float64()
		genre := rng.IntN(len(genres) / latent)
		for j := range latent {
			centres[c*latent+j] = 0.8*centres[c*latent+j] + genres[genre*latent+j]
		}
	}
	mix := gaussian(rng, latent*dims)
	scale := isotropic * math.Sqrt(float64(latent)) // a projected point is about sqrt(dims*latent) long
	vecs := make([]float32, n*dims)
	point, row := make([]float64, latent), make([]float64, dims)
	for i := range n {
		c := rng.IntN(clusters)
		stray := rng.IntN(strayShare) == 0
		for j := range latent {
			point[j] = rng.NormFloat64()
			if !stray {
				point[j] = centres[c*latent+j] + spread[c]*point[j]
			}
		}
		for j := range row {
			row[j] = scale * rng.NormFloat64()
		}
		for l, p := range point {
			for j, m := range mix[l*dims : (l+1)*dims] {
				row[j] += p * m
			}
		}
		unit(vecs[i*dims:(i+1)*dims], row)
	}
	return vecs
}

// Profiles returns n profile vectors, [n x dims]: unit means of histories that
// wander over near rows of vecs. A graph finds their neighbours less easily than
// those of its own rows.
func Profiles(seed uint64, vecs []float32, dims, n int) []float32 {
	return indexer.Profiles(vecs, dims, indexer.Walks(seed, vecs, dims, n))
}

func gaussian(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64()
	}
	return out
}

// unit writes src, scaled to length 1, to dst; a src of zeros stays zeros.
func unit(dst []float32, src []float64) {
	var sum float64
	for _, v := range src {
		sum += v * v
	}
	if sum == 0 {
		clear(dst)
		return
	}
	norm := math.Sqrt(sum)
	for i, v := range src {
		dst[i] = float32(v / norm)
	}
}
