// Package als is matrix factorization of watched movies by alternating least
// squares.
package als
