package report

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lettering is the style of a label within a chart.
func lettering(ink int) draw.TextStyle {
	return text.Style{
		Color: colour(ink), Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: textSize},
		XAlign: text.XLeft, YAlign: text.YCenter, Handler: plot.DefaultTextHandler,
	}
}

// leader is the line from a label to what it names.
func leader() draw.LineStyle {
	return draw.LineStyle{Color: colour(inkGrid), Width: 0.8}
}

// lineHeight is the least distance of two lines of text.
const lineHeight = vg.Length(textSize * 1.15)

// A box is a part of a chart that is taken.
type box struct {
	low, high vg.Point
}

func (b box) overlap(c box) vg.Length {
	w := min(b.high.X, c.high.X) - max(b.low.X, c.low.X)
	h := min(b.high.Y, c.high.Y) - max(b.low.Y, c.low.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// A tag is a label beside a point.
type tag struct {
	at   vg.Point
	mark box // what is drawn of the point, with the bars of its intervals
	name string
	ink  int
}

// place finds for each tag the nearest place around its point where it covers
// neither a label nor what else is taken, as far as there is one: greedily, from
// the top of the chart. area is the chart; taken are boxes that labels should
// not cover.
func place(tags []tag, area box, taken []box) []spot {
	order := make([]int, len(tags))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(tags[b].at.Y, tags[a].at.Y), cmp.Compare(tags[a].at.X, tags[b].at.X))
	})
	out := make([]spot, len(tags))
	for _, i := range order {
		style := lettering(tags[i].ink)
		width := style.Width(tags[i].name)
		best := vg.Length(math.Inf(1))
		for _, b := range tags[i].around(width) {
			cost := b.cost
			for _, t := range taken {
				cost += 4 * b.overlap(t)
			}
			cost += 40 * b.outside(area)
			if cost < best {
				best, out[i] = cost, b
			}
		}
		taken = append(taken, out[i].box)
	}
	return out
}

// A spot is a place for a label, with what its distance costs.
type spot struct {
	box
	cost vg.Length
	near bool // it needs no line to its point
}

func (b box) outside(area box) vg.Length {
	return max(0, area.low.X-b.low.X) + max(0, b.high.X-area.high.X) + max(0, area.low.Y-b.low.Y) + max(0, b.high.Y-area.high.Y)
}

// around returns places beside, above and below a point, nearest first: at the
// ends of its bars, close by in the corners between them, and further off.
func (t tag) around(width vg.Length) []spot {
	var out []spot
	half := lineHeight / 2
	add := func(x, y, cost vg.Length, near bool) {
		out = append(out, spot{box{vg.Point{X: x, Y: y - half}, vg.Point{X: x + width, Y: y + half}}, cost, near})
	}
	add(t.mark.high.X+4, t.at.Y, 0, true)
	add(t.mark.low.X-4-width, t.at.Y, 1, true)
	for i, dy := range []vg.Length{half + 3, -half - 3} {
		add(t.at.X+4, t.at.Y+dy, vg.Length(2+i), true)
		add(t.at.X-4-width, t.at.Y+dy, vg.Length(4+i), true)
	}
	add(t.at.X-width/2, t.mark.high.Y+half+2, 6, true)
	add(t.at.X-width/2, t.mark.low.Y-half-2, 7, true)
	for ring := 1; ring < 8; ring++ {
		reach := vg.Length(12 + 13*ring)
		for direction := range 12 {
			angle := 2*math.Pi*float64(direction)/12 + math.Pi/12
			x := t.at.X + reach*vg.Length(math.Cos(angle))
			if math.Cos(angle) < 0 { // a label on the left ends at its place
				x -= width
			}
			add(x, t.at.Y+reach*vg.Length(math.Sin(angle)), vg.Length(ring*ring)*14+vg.Length(direction)*0.5, false)
		}
	}
	return out
}

// write draws a label at its spot, with a line to its point if that is not near.
func (t tag) write(c draw.Canvas, s spot) {
	if !s.near {
		c.StrokeLine2(leader(), t.at.X, t.at.Y, min(max(t.at.X, s.low.X), s.high.X), min(max(t.at.Y, s.low.Y+3), s.high.Y-3))
	}
	c.FillText(lettering(t.ink), vg.Point{X: s.low.X, Y: (s.low.Y + s.high.Y) / 2}, t.name)
}

// spread moves places, at which labels stand below each other, apart until no two
// are nearer than a line, within low and high as far as there is room. It returns
// them in the order given.
func spread(places []vg.Length, low, high vg.Length) []vg.Length {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	out := make([]vg.Length, len(places))
	next := low
	for _, i := range order { // up from the lowest
		out[i] = max(places[i], next)
		next = out[i] + lineHeight
	}
	next = high
	for _, i := range slices.Backward(order) { // and down again from the top
		out[i] = min(out[i], next)
		next = out[i] - lineHeight
	}
	return out
}
