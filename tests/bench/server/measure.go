package server

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"marquee/tests/load"
)

// A plan is how to ask.
type plan struct {
	dir    string
	people int
	rounds int
	span   time.Duration // of each round
	conns  int
	cold   float64 // share of requests for people whom nobody asked about before
}

// script has wrk ask for people at random: those below hot, and a share cold of all.
const script = `
local people, hot, cold = %d, %d, %g
local n = 0
function setup(thread) n = n + 1; thread:set("seed", n * 7919 + %d) end
function init() math.randomseed(seed) end
function request()
  local most = hot
  if math.random() < cold then most = people end
  return wrk.format("GET", "/recommend/" .. math.random(0, most - 1))
end
`

var (
	perSecond = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	not200    = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)`)
)

// hot is how many people the hot requests are about.
func (p plan) hot() int {
	if p.cold > 0 {
		return p.people / 20
	}
	return p.people
}

// wrk returns the requests that address answered each second.
func (p plan) wrk(ctx context.Context, address string, span time.Duration) (float64, error) {
	path := filepath.Join(p.dir, "people.lua")
	if err := os.WriteFile(path, fmt.Appendf(nil, script, p.people, p.hot(), p.cold, rand.IntN(1e6)), 0o644); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(p.conns), "-d"+strconv.Itoa(int(span.Seconds()))+"s", "-s", path, "http://"+address).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if m := not200.Find(out); m != nil {
		return 0, fmt.Errorf("wrk on %s: %s", address, m)
	}
	m := perSecond.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk said %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// beside returns the requests a second of the rival and of ours, round by round.
func (p plan) beside(ctx context.Context, rival, ours string) (theirs, own []float64, err error) {
	if _, err := p.wrk(ctx, ours, 2*time.Second); err != nil { // pools, caches
		return nil, nil, err
	}
	for range p.rounds {
		for _, side := range []struct {
			address string
			into    *[]float64
		}{{rival, &theirs}, {ours, &own}} {
			v, err := p.wrk(ctx, side.address, p.span)
			if err != nil {
				return nil, nil, err
			}
			*side.into = append(*side.into, v)
		}
	}
	return theirs, own, nil
}

// tails returns the p99 of both at a constant rate, round by round.
func (p plan) tails(ctx context.Context, rival, ours string, rate float64) (theirs, own []time.Duration, err error) {
	requests := make([][]byte, p.people) // the driver shares the cores
	for i := range requests {
		requests[i] = load.Get("/recommend/" + strconv.Itoa(i))
	}
	for round := range p.rounds {
		for _, side := range []struct {
			address string
			into    *[]time.Duration
		}{{rival, &theirs}, {ours, &own}} {
			r, err := load.Run(ctx, load.Config{
				Address: side.address, Rate: rate, Duration: p.span, Connections: p.conns, Timeout: 5 * time.Second,
				Request: func(i int) []byte { return requests[mix(uint64(i+round*1e6))%uint64(p.people)] },
			})
			if err != nil {
				return nil, nil, err
			}
			if r.Other(200) > 0 {
				return nil, nil, fmt.Errorf("%s: %v", side.address, r)
			}
			*side.into = append(*side.into, r.Waited.Quantile(0.99))
		}
	}
	return theirs, own, nil
}

// mix spreads numbers (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// median returns the middle one.
func median[T float64 | time.Duration](all []T) T {
	s := slices.Sorted(slices.Values(all))
	return s[len(s)/2]
}
