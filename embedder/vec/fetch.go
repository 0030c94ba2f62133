package vec

// Fetch asks memory for values that are read soon, and does not wait for them, so that
// what lies apart comes at once. It changes nothing, and does nothing where there is no
// assembly. A line of memory, 64 bytes, takes some 0.5 ns beside what it takes memory.
func Fetch[T uint8 | uint16 | uint32 | float32](x []T) {
	if len(x) > 0 {
		fetch(x)
	}
}
