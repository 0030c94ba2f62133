package catalog

import "time"

// A MovieVersion is what was known of a movie until an edit replaced it or the
// movie was removed.
type MovieVersion struct {
	Since int64     `json:"since"` // sequence number of the change that brought these facts
	Until int64     `json:"until"` // of the change that replaced or removed them
	At    time.Time `json:"at"`    // of change Until
	Movie Movie     `json:"movie"`
}
