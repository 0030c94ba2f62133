package catalog

// A MovieCount says how many people began to watch a movie in each of two spans of
// time.
type MovieCount struct {
	Movie  MovieID `json:"movie"`
	Since  int     `json:"since"`  // in the later span
	Before int     `json:"before"` // in the one before it
}

// A Shown is a movie that one person was shown and did not watch since.
type Shown struct {
	Movie MovieID `json:"movie"`
	Times uint8   `json:"times"` // how often; 255 and more are 255
	Day   int32   `json:"day"`   // of the last time, in days since 1970, UTC
}
