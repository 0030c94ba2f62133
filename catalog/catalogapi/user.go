package catalogapi

import (
	"fmt"

	"marquee/catalog"
)

// DecodeUser reads one user of the catalog API with [DefaultFields].
func DecodeUser(data []byte) (catalog.User, []string, error) { return DefaultFields().DecodeUser(data) }

// DecodeUser reads one user of the catalog API, in the JSON of either edition;
// what [Fields.DecodeMovie] says holds here too. The id is user_id, or id, as a
// number or a string.
func (f Fields) DecodeUser(data []byte) (catalog.User, []string, error) {
	r, err := newRecord(data)
	if err != nil {
		return catalog.User{}, nil, err
	}
	text, other := r.text("user_id"), r.text("id")
	if text == "" {
		text = other
	}
	id, err := catalog.ParseUserID(text)
	if err != nil {
		return catalog.User{}, nil, fmt.Errorf("record %.60q: %w", data, err)
	}
	u := catalog.User{
		ID:         id,
		Age:        int(r.whole("age")),
		Gender:     r.text("gender"),
		Occupation: r.text("occupation"),
	}
	u.Extra = r.rest(f.User)
	return u, r.notes, nil
}
