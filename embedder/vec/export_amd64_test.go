package vec

// HideVNNI makes the AVX-512 path do without VNNI, as on processors that lack it,
// until the func that it returns is called.
func HideVNNI() (restore func()) {
	had := hasVNNI
	hasVNNI = false
	return func() { hasVNNI = had }
}
