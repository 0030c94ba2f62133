package report

import (
	"fmt"
	"image/color"
	"strconv"
)

// heatLevels is how many shades a [Heat] has besides none.
const heatLevels = 8

// An ink is a colour that gonum/plot draws with. It stands for a style of the
// page; [sanitise] puts that in its place.
type ink struct {
	rgb   [3]uint8
	style string // of a fill or stroke; empty: none
	heat  int    // for shades: 1 to heatLevels
}

// inks are far enough apart for one that was rounded to be known again.
var inks = func() []ink {
	list := []ink{
		{rgb: [3]uint8{0x10, 0x10, 0x10}, style: "var(--ink)"},
		{rgb: [3]uint8{0x40, 0x10, 0x10}, style: "var(--line)"},
		{rgb: [3]uint8{0x10, 0x40, 0x10}, style: "var(--s0)"},
		{rgb: [3]uint8{0x10, 0x60, 0x10}, style: "var(--s1)"},
		{rgb: [3]uint8{0x10, 0x80, 0x10}, style: "var(--s2)"},
		{rgb: [3]uint8{0x10, 0xa0, 0x10}, style: "var(--s3)"},
	}
	for level := 1; level <= heatLevels; level++ {
		list = append(list, ink{rgb: [3]uint8{0x10, 0x10, uint8(0x10 + 0x10*level)}, style: "var(--heat)", heat: level})
	}
	return list
}()

// MaxSeries is how many series a chart can tell apart.
const MaxSeries = 4

const (
	inkText = iota
	inkGrid
	inkSeries // and those after it, MaxSeries
	inkHeat   = inkSeries + MaxSeries
)

func colour(i int) color.Color {
	rgb := inks[i].rgb
	return color.NRGBA{R: rgb[0], G: rgb[1], B: rgb[2], A: 0xff}
}

// inkOf returns the ink that a colour such as "#104010" stands for.
func inkOf(text string) (ink, error) {
	if len(text) == 7 && text[0] == '#' {
		if v, err := strconv.ParseUint(text[1:], 16, 24); err == nil {
			for _, k := range inks {
				if close8(k.rgb[0], uint8(v>>16)) && close8(k.rgb[1], uint8(v>>8)) && close8(k.rgb[2], uint8(v)) {
					return k, nil
				}
			}
		}
	}
	return ink{}, fmt.Errorf("colour %.20q is none of the inks of a chart", text)
}

func close8(a, b uint8) bool { return max(a, b)-min(a, b) <= 3 }
