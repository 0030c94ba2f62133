// Package pages is memory for matrices whose rows are read in no order: each row lies in a
// page of its own, and with pages of 2 MB the processor need not look up most of them.
// Where the system refuses large pages, all is the same but the time.
package pages

// A Value is what matrices are made of.
type Value interface {
	~float32 | ~uint32 | ~uint16 | ~uint8
}
