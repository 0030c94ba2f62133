package report

import (
	"math"
	"time"

	"gonum.org/v1/plot"
)

// numberTicks marks some five round numbers.
type numberTicks struct {
	whole bool // no ticks between whole numbers
}

// Ticks implements [plot.Ticker].
func (t numberTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: short(low)}}
	}
	step := roundStep((high - low) / 5)
	if t.whole {
		step = max(1, math.Round(step))
	}
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step && len(ticks) < 50; i++ {
		v := i * step
		if v == 0 {
			v = 0 // and not -0
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: short(v)})
	}
	return ticks
}

// roundStep returns the least of 1, 2, 5 times a power of ten that is not below
// step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= step*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// placeTicks marks named places: 0, 1, 2...
type placeTicks []string

// Ticks implements [plot.Ticker].
func (t placeTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for i, name := range t {
		if v := float64(i); v >= low && v <= high {
			ticks = append(ticks, plot.Tick{Value: v, Label: name})
		}
	}
	return ticks
}

// timeTicks marks some six round times of UTC. Values are seconds since 1970.
type timeTicks struct{}

// timeSteps are the distances of ticks, and how a time is written at each.
var timeSteps = []struct {
	step   time.Duration
	months int // instead of step
	layout string
}{
	{time.Second, 0, "15:04:05"}, {2 * time.Second, 0, "15:04:05"}, {5 * time.Second, 0, "15:04:05"}, {10 * time.Second, 0, "15:04:05"},
	{30 * time.Second, 0, "15:04:05"}, {time.Minute, 0, "15:04"}, {2 * time.Minute, 0, "15:04"}, {5 * time.Minute, 0, "15:04"},
	{10 * time.Minute, 0, "15:04"}, {30 * time.Minute, 0, "15:04"}, {time.Hour, 0, "Jan 2 15:04"}, {3 * time.Hour, 0, "Jan 2 15:04"},
	{6 * time.Hour, 0, "Jan 2 15:04"}, {12 * time.Hour, 0, "Jan 2 15:04"}, {24 * time.Hour, 0, "2006-01-02"}, {48 * time.Hour, 0, "2006-01-02"},
	{7 * 24 * time.Hour, 0, "2006-01-02"}, {14 * 24 * time.Hour, 0, "2006-01-02"}, {0, 1, "2006-01"}, {0, 2, "2006-01"}, {0, 6, "2006-01"},
	{0, 12, "2006"}, {0, 24, "2006"}, {0, 60, "2006"}, {0, 120, "2006"}, {0, 600, "2006"},
}

// Ticks implements [plot.Ticker].
func (timeTicks) Ticks(low, high float64) []plot.Tick {
	from, to := fromSeconds(low), fromSeconds(high)
	for i, s := range timeSteps {
		length := s.step
		if s.months > 0 {
			length = time.Duration(s.months) * 30 * 24 * time.Hour
		}
		if to.Sub(from) > 6*length && i < len(timeSteps)-1 {
			continue
		}
		var ticks []plot.Tick
		for t := firstTick(from, s.step, s.months); !t.After(to) && len(ticks) < 50; {
			ticks = append(ticks, plot.Tick{Value: seconds(t), Label: t.Format(s.layout)})
			if s.months > 0 {
				t = t.AddDate(0, s.months, 0)
			} else {
				t = t.Add(s.step)
			}
		}
		return ticks
	}
	return nil
}

// firstTick returns the first round time that is not before from.
func firstTick(from time.Time, step time.Duration, months int) time.Time {
	if months == 0 {
		t := from.Truncate(step)
		if t.Before(from) {
			t = t.Add(step)
		}
		return t
	}
	whole := (from.Year()*12 + int(from.Month()) - 1) / months * months
	t := time.Date(whole/12, time.Month(whole%12+1), 1, 0, 0, 0, 0, time.UTC)
	if t.Before(from) {
		t = t.AddDate(0, months, 0)
	}
	return t
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func fromSeconds(s float64) time.Time { return time.UnixMilli(int64(math.Round(1000 * s))).UTC() }
