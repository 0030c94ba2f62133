//go:build !amd64

package vec

func gelu(x []float32) { geluGo(x) }

func expSum(x []float32) float32 { return expSumGo(x) }

func addLayerNorm(x, y, gain, shift []float32, epsilon float32) {
	addLayerNormGo(x, y, gain, shift, epsilon)
}
