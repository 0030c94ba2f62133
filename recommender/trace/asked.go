package trace

import (
	"encoding/binary"
	"encoding/json"

	"marquee/recommender/rank"
)

// appendAsked appends what version 3 added: how the list was asked for.
func (i Input) appendAsked(out []byte) []byte {
	out = appendText(out, i.Arm)
	var knobs []byte
	if i.Knobs != nil {
		knobs, _ = json.Marshal(i.Knobs) // numbers alone, none of them NaN in knobs that are valid
	}
	out = appendText(out, string(knobs))
	out = binary.LittleEndian.AppendUint64(out, i.Seed)
	for _, rows := range [][]uint32{i.Opinions.Liked, i.Opinions.Disliked, i.Opinions.Dismissed} {
		out = binary.AppendUvarint(out, uint64(len(rows)))
		for _, row := range rows {
			out = binary.AppendUvarint(out, uint64(row))
		}
	}
	out = binary.AppendUvarint(out, uint64(len(i.Shown)))
	for _, s := range i.Shown {
		out = binary.AppendUvarint(out, uint64(s.Row))
		out = append(out, s.Times)
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

// asked reads what appendAsked wrote.
func (r *reader) asked(i *Input) {
	i.Arm = r.text()
	i.Knobs = r.knobs()
	i.Seed = binary.LittleEndian.Uint64(r.take(8))
	i.Opinions = rank.Opinions{Liked: r.rows(), Disliked: r.rows(), Dismissed: r.rows()}
	if n := r.count(2); n > 0 {
		i.Shown = make([]rank.Shown, n)
	}
	for k := range i.Shown {
		i.Shown[k] = rank.Shown{Row: r.row(), Times: r.byte()}
	}
}

// knobs reads those of an experiment; nil if there were none. Knobs that no server takes
// are no input.
func (r *reader) knobs() *rank.Knobs {
	text := r.text()
	if text == "" {
		return nil
	}
	k := new(rank.Knobs)
	if err := json.Unmarshal([]byte(text), k); err != nil || k.Validate() != nil {
		r.bad, r.data = true, nil
		return nil
	}
	return k
}

func (r *reader) rows() []uint32 {
	var rows []uint32
	for range r.count(1) {
		rows = append(rows, r.row())
	}
	return rows
}
