package serve

import (
	"fmt"
	"os"
	"testing"
	"time"

	"marquee/tests/load"
)

// What must not grow: the heap, garbage collected, by a tenth; goroutines and descriptors
// by five.
const (
	heapGrowth = 1.10
	leftOver   = 5
)

// After many requests the server is as small as after some.
func TestFlat(t *testing.T) {
	n := asked(t, "MARQUEE_FLAT_REQUESTS", "flat")
	h := newHouse(t, "")
	h.build()
	s := h.serve("--pprof", "--rate", "0", "--history-people", "2000") // a cache that is full before it begins
	rate := 1e6                                                        // as fast as it goes
	if text := os.Getenv("MARQUEE_FLAT_RATE"); text != "" {
		rate = float64(asked(t, "MARQUEE_FLAT_RATE", "flat"))
	}
	ask := func(n int, rate float64) {
		t.Helper()
		r, err := load.Run(t.Context(), load.Config{
			Address: s.address, Rate: rate, Duration: time.Duration(float64(n) / rate * float64(time.Second)), Connections: 16, Timeout: 10 * time.Second,
			Request: func(i int) []byte { return request(uint64(i)) },
			Answered: func(i int, a load.Answer, _ time.Duration, err error) {
				if contract(uint64(i)) && (err != nil || a.Status != 200) {
					t.Errorf("request %d: %v, %d", i, err, a.Status)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r)
	}
	type size struct{ heap, goroutines, descriptors float64 }
	look := func() size {
		time.Sleep(3 * time.Second) // connections close, exposures are written
		s.collect(t)
		return size{s.metric(t, "go_memory_classes_heap_objects_bytes"), s.metric(t, "go_goroutines"), s.metric(t, "process_open_fds")}
	}
	ask(min(max(20_000, n/5), 200_000), 1e6) // caches and pools fill
	first := look()
	ask(n, rate)
	last := look()
	t.Logf("heap %.1f then %.1f MiB, goroutines %.0f then %.0f, descriptors %.0f then %.0f",
		first.heap/(1<<20), last.heap/(1<<20), first.goroutines, last.goroutines, first.descriptors, last.descriptors)
	if last.heap > heapGrowth*first.heap {
		t.Errorf("the heap grew from %.0f to %.0f bytes, more than by a tenth", first.heap, last.heap)
	}
	if last.goroutines > first.goroutines+leftOver || last.descriptors > first.descriptors+leftOver {
		t.Errorf("goroutines grew from %.0f to %.0f, descriptors from %.0f to %.0f; want at most %d more", first.goroutines, last.goroutines, first.descriptors, last.descriptors, leftOver)
	}
}

// kinds of requests, by share of ten.
const (
	kindKnown = iota
	kindUnknown
	kindMalformed
	kindJSON
	kindOther
)

func kindOf(i uint64) int {
	switch mix(i) % 10 {
	case 0:
		return kindUnknown
	case 1:
		return kindMalformed
	case 2:
		return kindJSON
	case 3:
		return kindOther
	}
	return kindKnown
}

// contract reports whether the i-th request is a contract call.
func contract(i uint64) bool { k := kindOf(i); return k != kindJSON && k != kindOther }

// userOf returns whom the i-th request is about, if it is about a person of the world.
func userOf(i uint64) uint64 { return 1 + mix(i+1<<40)%people }

var malformed = []string{"/recommend/", "/recommend", "/recommend/a,b", "/recommend/a%20b", "/recommend//", "/recommend/%ff", "/recommend/../x", "/recommend/7/8?n=zz",
	"/recommend/%00", "/recommend/7%2F", "/recommendation"}

// request returns the i-th request of a mixed load.
func request(i uint64) []byte {
	switch kindOf(i) {
	case kindUnknown:
		return load.Get(fmt.Sprintf("/recommend/%d", 1_000_000+mix(i)%10_000_000))
	case kindMalformed:
		return load.Get(malformed[mix(i+7)%uint64(len(malformed))])
	case kindJSON:
		return load.Get(fmt.Sprintf("/recommend/%d?n=5", userOf(i)), "Accept: application/json")
	case kindOther:
		return load.Get([]string{"/similar/" + movieID(int(mix(i)%movies)), "/similar/none", "/popular?n=5", "/health/ready", "/nothing"}[mix(i+9)%5])
	}
	return load.Get(fmt.Sprintf("/recommend/%d", userOf(i)))
}

// mix spreads numbers (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
