//go:build !linux

package pages

// Make returns n zeros.
func Make[T Value](n int) []T { return make([]T, n) }
