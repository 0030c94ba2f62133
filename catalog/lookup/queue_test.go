package lookup

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A queue does what a slice of distinct ids does.
func TestQueueIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 150).Draw(t, "most")
		q := newQueue(most)
		var model []string
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				for range rapid.IntRange(0, 40).Draw(t, "pushed") {
					id := fmt.Sprint(rapid.IntRange(0, 300).Draw(t, "id"))
					waits := slices.Contains(model, id)
					if want := waits || len(model) < most; q.push(id) != want {
						t.Fatalf("push %s: want %v", id, want)
					} else if want && !waits {
						model = append(model, id)
					}
				}
			case 1:
				n := min(rapid.IntRange(0, 200).Draw(t, "n"), len(model))
				taken := q.take(n)
				if !slices.Equal(taken, model[:n]) {
					t.Fatalf("took %v, want %v", taken, model[:n])
				}
				model = slices.Clone(model[n:])
				if again := rapid.IntRange(0, n).Draw(t, "again"); q.back(taken[:again]) != 0 {
					t.Fatal("there is no room for what was taken")
				} else {
					model = append(slices.Clone(taken[:again]), model...)
				}
			case 2:
				ids := []string{"x", "y", "z"}
				left := q.back(ids)
				for i := len(ids) - 1; i >= 0; i-- {
					switch {
					case slices.Contains(model, ids[i]):
					case len(model) >= most:
						left--
					default:
						model = append([]string{ids[i]}, model...)
					}
				}
				if left != 0 {
					t.Fatalf("%d more left out than there was no room for", left)
				}
			}
			if q.n != len(model) || len(q.in) != len(model) {
				t.Fatalf("%d ids, %d known, want %d", q.n, len(q.in), len(model))
			}
		}
	})
}

// A memory holds what was put lately, and little else is lost than by its size.
func TestMemoryKeepsMost(t *testing.T) {
	const n = 1 << 12
	m := newMemory(n, 1, time.Time{})
	for i := range n / 2 {
		h := m.hash(kindUser, fmt.Sprint(i))
		if m.has(h) {
			t.Fatalf("%d was met before it came", i)
		}
		m.put(h)
		if !m.has(h) {
			t.Fatalf("%d was not kept", i)
		}
	}
	lost := 0
	for i := range n / 2 {
		if !m.has(m.hash(kindUser, fmt.Sprint(i))) {
			lost++
		}
		if m.has(m.hash(kindMovie, fmt.Sprint(i))) {
			t.Fatalf("movie %d was taken for a person", i)
		}
	}
	if lost > n/2/20 {
		t.Errorf("%d of %d lost, want at most a twentieth", lost, n/2)
	}
}
