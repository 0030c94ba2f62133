package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"marquee/tests/faults/txdb"
)

// A Point is a moment at which a [Strike] may come: a step of the sink, or one
// of these of the source.
type Point string

// The points of a source, and of none.
const (
	BeforeFetch       Point = "before fetch"
	Fetched           Point = "between fetch and append"
	BeforeAcknowledge Point = "before acknowledge"
	AnyTime           Point = "any time" // Strike.For after the start
)

// points are all but AnyTime.
func points() []Point {
	all := []Point{BeforeFetch, Fetched, BeforeAcknowledge, Point(txdb.ReadHeld)}
	for _, s := range txdb.Steps() {
		all = append(all, Point(s))
	}
	return all
}

// A Harm is what a strike does.
type Harm string

// The harms.
const (
	Crash Harm = "crash" // the process is gone: its network is cut, nothing it does counts any more
	Fail  Harm = "fail"  // the database is unavailable for this call; at txdb.Answer, after it had committed
	Stall Harm = "stall" // the process stands still, its network too, and then goes on where it was
)

// A Strike harms one life of a process.
type Strike struct {
	Point Point
	After int // times that the point was passed unharmed
	Harm  Harm
	For   time.Duration
}

// An Act is what a [Trouble] does to the cluster, the network or the database.
type Act string

// The acts.
const (
	BrokerAway       Act = "broker away"
	BreakConnections Act = "connections broken"
	MoveLeaders      Act = "leaders moved"
	MoveCoordinators Act = "coordinators moved"
	FailFetches      Act = "fetches fail"
	FailCommits      Act = "commits fail"
	FailHeartbeats   Act = "heartbeats fail"
	FailJoins        Act = "joins fail"
	FailOffsets      Act = "offset requests fail"
	DatabaseAway     Act = "database away"
	Restart          Act = "process restarted"
)

func acts() []Act {
	return []Act{
		BrokerAway, BreakConnections, MoveLeaders, MoveCoordinators, FailFetches, FailCommits,
		FailHeartbeats, FailJoins, FailOffsets, DatabaseAway, Restart,
	}
}

// A Trouble comes at a time.
type Trouble struct {
	At    time.Duration
	Act   Act
	For   time.Duration
	Which int // broker, process, or kind of error
	Count int // of requests
}

// A Plan is one simulation.
type Plan struct {
	Seed       uint64
	Partitions int
	Brokers    int
	Lines      int
	BatchLines int
	Bursts     []time.Duration // pauses between the parts in which the lines are produced
	Lives      [][][]Strike    // of each process, of each of its lives; later lives are unharmed
	Troubles   []Trouble
}

// troubled is how long troubles may begin.
const troubled = 90 * time.Second

// Draw returns the plan of a seed.
func Draw(seed uint64) Plan {
	rng := rand.New(rand.NewPCG(seed, 0x73696d))
	p := Plan{
		Seed: seed, Partitions: 1 + rng.IntN(4), Brokers: 1 + rng.IntN(3),
		Lines: 100 + rng.IntN(250), BatchLines: 4 + rng.IntN(40),
	}
	for range rng.IntN(5) {
		p.Bursts = append(p.Bursts, time.Duration(rng.IntN(20_000))*time.Millisecond)
	}
	for range 1 + rng.IntN(3) {
		var lives [][]Strike
		for range rng.IntN(5) {
			lives = append(lives, drawLife(rng))
		}
		p.Lives = append(p.Lives, lives)
	}
	for range rng.IntN(6) {
		p.Troubles = append(p.Troubles, Trouble{
			At: time.Duration(rng.Int64N(int64(troubled))), Act: pick(rng, acts()),
			For: time.Duration(500+rng.IntN(20_000)) * time.Millisecond, Which: rng.IntN(12), Count: 1 + rng.IntN(6),
		})
	}
	return p
}

func drawLife(rng *rand.Rand) []Strike {
	var life []Strike
	for range 1 + rng.IntN(2) {
		s := Strike{Point: pick(rng, points()), After: rng.IntN(5), Harm: pick(rng, []Harm{Crash, Crash, Fail, Stall})}
		s.For = time.Duration(1_000+rng.IntN(100_000)) * time.Millisecond
		if rng.IntN(8) == 0 {
			s.Point, s.Harm, s.For = AnyTime, Crash, time.Duration(rng.IntN(15_000))*time.Millisecond
		}
		life = append(life, s)
	}
	return life
}

// inBursts calls write with counts that add up to all lines, with the plan's
// pauses between the calls.
func (p Plan) inBursts(ctx context.Context, write func(count int) error) error {
	parts := len(p.Bursts) + 1
	for i := range parts {
		if err := write(p.Lines*(i+1)/parts - p.Lines*i/parts); err != nil {
			return err
		}
		if i < len(p.Bursts) {
			if err := sleep(ctx, p.Bursts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// String returns the plan for a person.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d lines in %d partitions on %d brokers, batches of %d, bursts %v",
		p.Seed, p.Lines, p.Partitions, p.Brokers, p.BatchLines, p.Bursts)
	for i, lives := range p.Lives {
		fmt.Fprintf(&b, "\n  process %d:", i)
		for j, life := range lives {
			fmt.Fprintf(&b, " life %d:", j)
			for _, s := range life {
				fmt.Fprintf(&b, " %s at %q after %d for %v;", s.Harm, s.Point, s.After, s.For)
			}
		}
	}
	for _, t := range p.Troubles {
		fmt.Fprintf(&b, "\n  at %v for %v: %s (which %d, count %d)", t.At, t.For, t.Act, t.Which, t.Count)
	}
	return b.String()
}
