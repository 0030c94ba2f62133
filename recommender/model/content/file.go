package content

import (
	"encoding/json"
	"fmt"
	"io"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes the settings.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	settings, err := json.Marshal(m.c)
	if err != nil {
		return 0, err
	}
	var e column.Encoder
	e.Bytes(settings)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what [Model.WriteTo] wrote and of base. Errors wrap
// [column.ErrBroken], or [model.ErrData] where base lacks what it needs.
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	settings := d.Bytes()
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	c, err := model.Settings(DefaultConfig(), settings)
	if err != nil {
		return nil, fmt.Errorf("content: %w: %w", err, column.ErrBroken)
	}
	m, err := New(c, base)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	return m, nil
}
