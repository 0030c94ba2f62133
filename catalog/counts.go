package catalog

// Counts says how much a store holds.
type Counts struct {
	Movies      int `json:"movies"`
	Users       int `json:"users"` // people with a record; others are known by their watches alone
	Ratings     int `json:"ratings"`
	Watches     int `json:"watches"` // pairs of a person and a movie
	Quarantined int `json:"quarantined"`
	Vectors     int `json:"vectors"`
	Exposures   int `json:"exposures"`
	Changes     int `json:"changes"`
	Tombstones  int `json:"tombstones"` // people who were forgotten
	Hidden      int `json:"hidden"`     // movies that are not to be listed
	Corrections int `json:"corrections"`
	Versions    int `json:"versions"` // earlier facts of movies
	Feedback    int `json:"feedback"`
	Opinions    int `json:"opinions"`    // pairs of a person and a movie
	Preferences int `json:"preferences"` // people who said what they like
	Experiments int `json:"experiments"`
}
