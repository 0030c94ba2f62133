package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
)

// allowed are the elements of a chart and their attributes. Nothing else of what
// gonum/plot draws is let through.
var allowed = map[string][]string{
	"g":    {"transform"},
	"path": {"d"},
	"text": {"x", "y", "transform"},
}

// textShrink is how much smaller texts are than the room they were given, for a
// reader whose sans-serif is wider than Liberation Sans (DejaVu Sans is, by some
// 12%).
const textShrink = 0.88

// sanitise returns the content of an SVG document by gonum/plot, without the
// element svg itself, and its viewBox: only allowed elements and attributes, the
// colours replaced by those of the page, fonts left to the page. An element, a
// style or a colour that it does not know is an error, not left out: it would be
// missing in the chart.
func sanitise(document []byte) (content, viewBox string, err error) {
	dec := xml.NewDecoder(bytes.NewReader(document))
	var out strings.Builder
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", "", fmt.Errorf("chart: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "svg" {
				viewBox = attribute(t, "viewBox")
				continue
			}
			if err := open(&out, t); err != nil {
				return "", "", err
			}
		case xml.EndElement:
			if t.Name.Local != "svg" {
				out.WriteString("</" + t.Name.Local + ">")
			}
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" {
				out.WriteString(html.EscapeString(text))
			}
		}
	}
	return out.String(), viewBox, nil
}

func open(out *strings.Builder, t xml.StartElement) error {
	name := t.Name.Local
	attributes, known := allowed[name]
	if !known {
		return fmt.Errorf("chart: element %q is not one of a chart", name)
	}
	out.WriteString("<" + name)
	for _, a := range t.Attr {
		value := a.Value
		switch {
		case a.Name.Local == "style":
			style, err := restyle(value)
			if err != nil {
				return err
			}
			value = style
		case !slices.Contains(attributes, a.Name.Local):
			return fmt.Errorf("chart: attribute %q of %s is not one of a chart", a.Name.Local, name)
		}
		if strings.Contains(value, "NaN") || strings.Contains(value, "Inf") {
			return fmt.Errorf("chart: %s of %s holds what is no number: %.60q", a.Name.Local, name, value)
		}
		fmt.Fprintf(out, ` %s="%s"`, a.Name.Local, html.EscapeString(value))
	}
	out.WriteString(">")
	return nil
}

// restyle replaces the colours of a style and drops what it says of fonts but
// their size.
func restyle(style string) (string, error) {
	var out []string
	for _, rule := range strings.Split(style, ";") {
		key, value, _ := strings.Cut(rule, ":")
		switch key {
		case "", "font-family", "font-variant", "font-weight", "font-style":
		case "fill", "stroke":
			if value == "none" {
				out = append(out, rule)
				continue
			}
			k, err := inkOf(value)
			if err != nil {
				return "", err
			}
			out = append(out, key+":"+k.style)
			if k.heat > 0 {
				out = append(out, fmt.Sprintf("%s-opacity:%.3g", key, 0.08+0.92*float64(k.heat)/heatLevels))
			}
		case "font-size":
			size, err := strconv.ParseFloat(strings.TrimSuffix(value, "px"), 64)
			if err != nil {
				return "", fmt.Errorf("chart: style %q, want a size in px", rule)
			}
			out = append(out, fmt.Sprintf("font-size:%.3gpx", size*textShrink))
		case "stroke-width", "stroke-dasharray", "stroke-dashoffset":
			out = append(out, key+":"+value)
		default:
			return "", fmt.Errorf("chart: style %q is not one of a chart", rule)
		}
	}
	return strings.Join(out, ";"), nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
