package table

import "marquee/catalog"

// user returns the person of r, normalized. Only the id may be refused.
func (r *record) user() (catalog.User, error) {
	u := catalog.User{
		ID:         catalog.UserID(r.text("id")),
		Age:        int(r.whole("age")),
		Gender:     r.text("gender"),
		Occupation: r.text("occupation"),
		Extra:      r.extra,
	}
	notes, err := u.Normalize()
	r.notes = append(r.notes, notes...)
	return u, err
}
