package catalog

// A Person is all that lists are made from of one person.
type Person struct {
	User        User
	Known       bool        // there is a record; User is zero if not
	Seen        []Seen      // the whole history, newest first, ties by movie id
	Opinions    []Opinion   // the newest [MaxOpinions], newest first, ties by movie id
	Preferences Preferences // zero if the person said nothing
}

// MaxOpinions is the most opinions of a [Person].
const MaxOpinions = 500
