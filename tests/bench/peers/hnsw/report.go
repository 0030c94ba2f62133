package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// report prints the results of one size. The error says which ratios are below
// least; it wraps errSlow.
func report(out io.Writer, n int, results []result, least float64) error {
	for _, st := range results[0].sides {
		fmt.Fprintf(out, "\n%d rows: %s builds in %.1f s (%.1f s of processor time), %d MB with the vectors",
			n, st.name, st.built.Seconds, st.built.Processor, st.built.Bytes>>20)
	}
	fmt.Fprintf(out, "\n%7s %-8s %6s  %-7s %5s %7s %9s %9s  %s\n",
		"rows", "queries", "recall", "index", "ef", "reached", "queries/s", "best", "ratio, median of the rounds (least to greatest)")
	var slow []error
	for _, r := range results {
		for i, st := range r.sides {
			fmt.Fprintf(out, "%7d %-8s %6.2f  %-7s %5d %7.4f %9.0f %9.0f", n, r.kind, r.target,
				st.name, st.ef, st.recall, median(st.qps), slices.Max(st.qps))
			if i == 0 && len(r.sides) > 1 {
				each := r.ratios()
				fmt.Fprintf(out, "  %.2f (%.2f to %.2f)", median(each), slices.Min(each), slices.Max(each))
			}
			fmt.Fprintln(out)
		}
		if len(r.sides) > 1 && median(r.ratios()) < least {
			slow = append(slow, fmt.Errorf("%d rows, %s, recall %.2f: ratio %.2f, want %.2f: %w",
				n, r.kind, r.target, median(r.ratios()), least, errSlow))
		}
	}
	return errors.Join(slow...)
}

// ratios returns our queries a second over the rival's, round by round: what
// disturbs one round disturbs both.
func (r result) ratios() []float64 {
	out := make([]float64, len(r.sides[0].qps))
	for i, ours := range r.sides[0].qps {
		out[i] = ours / r.sides[1].qps[i]
	}
	return out
}

// median returns the middle of x, or the mean of the two in the middle.
func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
