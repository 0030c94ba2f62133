package main

import (
	"slices"
	"strings"
)

// A guess is a name and how far it is from what was written.
type guess[T any] struct {
	value    T
	distance int
}

// guesses keeps the names that are nearest to what somebody wrote, best first.
type guesses[T any] struct {
	want string
	most int // names kept
	list []guess[T]
}

// offer considers a name that stands for value.
func (g *guesses[T]) offer(name string, value T) {
	want, got := foldName(g.want), foldName(name)
	limit := max(1, len(want)/4)
	if d := len(want) - len(got); d > limit || -d > limit {
		return
	}
	d := editDistance(want, got)
	if d > limit {
		return
	}
	at, _ := slices.BinarySearchFunc(g.list, d+1, func(x guess[T], d int) int { return x.distance - d })
	g.list = slices.Insert(g.list, at, guess[T]{value, d})
	g.list = g.list[:min(len(g.list), g.most)]
}

// foldName returns what names are compared by: without case, and not too long.
func foldName(name string) []rune {
	const most = 80
	runes := []rune(strings.ToLower(strings.TrimSpace(name)))
	return runes[:min(len(runes), most)]
}

// editDistance returns how many letters have to be put in, left out, changed or swapped
// with their neighbour to make b of a.
func editDistance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
