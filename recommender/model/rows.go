package model

// Rows returns how many movies what m writes knows: fewer than m.Len if m is a model
// that is no [Extender] with movies behind its own. Read again with a [Base] of as
// many, and extended by the rest, it is m.
func Rows(m Model) int {
	switch p := m.(type) {
	case *padded:
		return p.model.Len()
	case *paddedPredictor:
		return p.model.Len()
	}
	return m.Len()
}
