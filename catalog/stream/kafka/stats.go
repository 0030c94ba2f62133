package kafka

import (
	"slices"
	"time"
)

// Stats says how a [Source] stands. Its size is that of the partitions that are
// assigned to it.
type Stats struct {
	Partitions     []PartitionStats // ascending by number
	Records        int64            // that the store took, with the gaps between them
	Lost           int64            // that the brokers deleted before they were read
	Cut            int64            // that the brokers lost after they were read
	Rebalances     int64            // in which the group shared out partitions
	Remade         int64            // times that the topic was made anew
	CommitFailures int64            // of the group's offsets, which only show the lag
	Away           time.Time        // since when no broker answers; zero if one does
	LastError      error            // of a broker, the latest; also when it is over
}

// PartitionStats says how far one partition was read.
type PartitionStats struct {
	Partition int32
	Name      string // as the store knows it; "" while it is asked for its offset
	Position  int64  // the offset of the next line to be handed over
	End       int64  // of the log, as of the latest answer that brought records
	Lag       int64  // End - Position, at least 0
}

// counts are what Stats counts.
type counts struct {
	records, lost, cut, rebalances, remade, commitFailures int64
}

// Stats returns how s stands. Any goroutine may call it.
func (s *Source) Stats() Stats {
	away, last := s.outage.state()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	stats := Stats{
		Partitions: make([]PartitionStats, 0, len(s.parts)),
		Records:    c.records, Lost: c.lost, Cut: c.cut, Rebalances: c.rebalances, Remade: c.remade, CommitFailures: c.commitFailures,
		Away: away, LastError: last,
	}
	for _, p := range s.parts {
		at := p.position()
		end := max(p.end, at)
		stats.Partitions = append(stats.Partitions, PartitionStats{Partition: p.n, Name: p.name, Position: at, End: end, Lag: end - at})
	}
	slices.SortFunc(stats.Partitions, func(a, b PartitionStats) int { return int(a.Partition - b.Partition) })
	return stats
}

// Lag returns how many records of the partitions that are assigned to s were
// not handed over yet, all together. Any goroutine may call it.
func (s *Source) Lag() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lag int64
	for _, p := range s.parts {
		lag += max(0, p.end-p.position())
	}
	return lag
}
