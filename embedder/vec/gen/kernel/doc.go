// Package kernel holds what the generators of embedder/vec write kernels from, whatever
// they compute: the two instruction sets, how a kernel begins and ends, its parameters,
// and the mask of the values past the last whole vector. Everything adds to avo's one file,
// in the order of the calls.
package kernel
