package catalogtest

import (
	"context"
	"iter"
	"testing"
	"time"

	"marquee/catalog"
)

// A Store is all that a store of facts does; catalog/sqlstore documents each
// method.
type Store interface {
	Close() error
	Ping(ctx context.Context) error
	Kind() string
	Counts(ctx context.Context) (catalog.Counts, error)
	Scale(ctx context.Context) (catalog.Scale, error)
	SetScale(ctx context.Context, scale catalog.Scale) error

	PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error)
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error)
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
	MovieCount(ctx context.Context) (int, error)
	MovieByOutside(ctx context.Context, kind, value string) ([]catalog.MovieID, error)
	FindMovies(ctx context.Context, title string, limit int) ([]catalog.Movie, error)

	RemoveMovies(ctx context.Context, ids []catalog.MovieID) (removed int, err error)
	MovieAt(ctx context.Context, id catalog.MovieID, seq int64) (catalog.Movie, error)
	MovieVersions(ctx context.Context, id catalog.MovieID, limit int) ([]catalog.MovieVersion, error)

	SetHidden(ctx context.Context, ids []catalog.MovieID, hidden bool, note string) (changed int, err error)
	Hidden(ctx context.Context) ([]catalog.Hidden, error)
	PutCorrection(ctx context.Context, c catalog.Correction) (changed bool, err error)
	RemoveCorrection(ctx context.Context, movie, other catalog.MovieID) (changed bool, err error)
	Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error)

	PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error)
	User(ctx context.Context, id catalog.UserID) (catalog.User, error)
	Users(ctx context.Context) iter.Seq2[catalog.User, error]
	UserCount(ctx context.Context) (int, error)

	PutRatings(ctx context.Context, ratings []catalog.Rating) (catalog.Tally, error)
	Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error)
	Offset(ctx context.Context, partition string) (int64, error)
	Offsets(ctx context.Context, partitions []string) (map[string]catalog.Held, error)
	History(ctx context.Context, user catalog.UserID, limit int) ([]catalog.Seen, error)
	Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error]
	ActiveSince(ctx context.Context, seq int64, limit int) (users []catalog.UserID, last int64, err error)
	LastActivity(ctx context.Context) (int64, error)
	MissingMovies(ctx context.Context) ([]catalog.MovieID, error)
	MissingUsers(ctx context.Context) ([]catalog.UserID, error)

	Vectors(ctx context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error)
	PutVectors(ctx context.Context, vectors []catalog.Vector) error
	DeleteVectorsExcept(ctx context.Context, embedders []string) (int, error)

	UnknownIDs(ctx context.Context, kind string, ids []string) (map[string]bool, error)
	PutUnknownIDs(ctx context.Context, kind string, ids []string) error
	AbsentMovies(ctx context.Context, ids []catalog.MovieID, since time.Time) ([]catalog.MovieID, error)
	AbsentUsers(ctx context.Context, ids []catalog.UserID, since time.Time) ([]catalog.UserID, error)

	PutChange(ctx context.Context, c catalog.Change) (seq int64, err error)
	ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error)
	LastChange(ctx context.Context) (int64, error)

	PutExposures(ctx context.Context, exposures []catalog.Exposure) (added int, err error)
	Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error]
	ExposuresOf(ctx context.Context, user catalog.UserID, limit int) ([]catalog.Exposure, error)
	ExposedBundles(ctx context.Context, since time.Time) ([]string, error)
	Exposure(ctx context.Context, requestID string) (catalog.Exposure, error)

	RollExposures(ctx context.Context, upTo time.Time) (hours int, err error)
	ListHours(ctx context.Context, from, to time.Time) ([]catalog.ListHour, error)
	MovieRates(ctx context.Context, from, to time.Time) iter.Seq2[catalog.MovieHour, error]

	PutFeedback(ctx context.Context, feedback []catalog.Feedback) (added int, err error)
	Feedback(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Feedback, error]
	PutPreferences(ctx context.Context, p catalog.Preferences) error
	Preferences(ctx context.Context, user catalog.UserID) (catalog.Preferences, error)
	PutExperiment(ctx context.Context, e catalog.Experiment) (seq int64, err error)
	Experiments(ctx context.Context) ([]catalog.Experiment, error)
	Person(ctx context.Context, user catalog.UserID) (catalog.Person, error)
	Trending(ctx context.Context, since, before time.Time, limit int) ([]catalog.MovieCount, error)

	Accounts(ctx context.Context) iter.Seq2[catalog.Account, error]
	Watches(ctx context.Context) iter.Seq2[catalog.Watch, error]
	Ratings(ctx context.Context) iter.Seq2[catalog.Rating, error]
	Freeze(ctx context.Context) (Frozen, error)
	Prune(ctx context.Context, r catalog.Retention, now time.Time, batchRows int, progress func(catalog.Removal)) (catalog.Removal, error)

	Quarantined(ctx context.Context, limit int) ([]catalog.Refused, error)
	QuarantineCounts(ctx context.Context) (map[string]int, error)
	QuarantineLines(ctx context.Context, f catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error)
	Readmit(ctx context.Context, r catalog.Readmission) (catalog.Applied, error)
	Intake(ctx context.Context, from, to time.Time) ([]catalog.Intake, error)
	Forget(ctx context.Context, user catalog.UserID) (catalog.Removal, error)
	Tombstones(ctx context.Context) (catalog.Tombstones, error)
}

// A Frozen is a store as it stood at one moment.
type Frozen interface {
	Close() error
	Scale(ctx context.Context) (catalog.Scale, error)
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
	Users(ctx context.Context) iter.Seq2[catalog.User, error]
	Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error]
	Accounts(ctx context.Context) iter.Seq2[catalog.Account, error]
	LastChange(ctx context.Context) (int64, error)
	MovieCount(ctx context.Context) (int, error)
	Hidden(ctx context.Context) ([]catalog.Hidden, error)
	Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error)
}

// TestStore checks the contract of a [Store]. Each call of open must give an
// empty store, on the default scale, that is closed when its test ends.
func TestStore(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s Store)
	}{
		{"Empty", testEmpty},
		{"Closed", testClosed},
		{"MovieRoundTrip", testMovieRoundTrip},
		{"MovieTally", testMovieTally},
		{"MovieOrder", testMovieOrder},
		{"HugeAndOddFacts", testOddFacts},
		{"IllegalIDs", testIllegalIDs},
		{"LegalIDs", testLegalIDs},
		{"OutsideIDs", testOutsideIDs},
		{"FindMovies", testFindMovies},
		{"Users", testUsers},
		{"RatingTally", testRatingTally},
		{"RatingTies", testRatingTies},
		{"Scale", testScale},
		{"AppendOffset", testAppendOffset},
		{"AppendInvalid", testAppendInvalid},
		{"AppendCancelled", testAppendCancelled},
		{"AppendAnyOrder", testAppendAnyOrder},
		{"AppendMove", testAppendMove},
		{"Offsets", testOffsets},
		{"Mended", testMended},
		{"MendedForgotten", testMendedForgotten},
		{"Replay", testReplay},
		{"Digest", testDigest},
		{"Intake", testIntake},
		{"QuarantineLines", testQuarantineLines},
		{"Readmit", testReadmit},
		{"ReadmitCancelled", testReadmitCancelled},
		{"Forget", testForget},
		{"ForgetBlanks", testForgetBlanks},
		{"ForgetCancelled", testForgetCancelled},
		{"Forgotten", testForgotten},
		{"Watch", testWatch},
		{"Histories", testHistories},
		{"LongHistory", testLongHistory},
		{"ActiveSince", testActiveSince},
		{"ActiveSinceConcurrent", testActiveSinceConcurrent},
		{"Vectors", testVectors},
		{"UnknownIDs", testUnknownIDs},
		{"Missing", testMissing},
		{"Quarantine", testQuarantine},
		{"Absent", testAbsent},
		{"Changes", testChanges},
		{"ChangesInvalid", testChangesInvalid},
		{"ChangesConcurrent", testChangesConcurrent},
		{"Hidden", testHidden},
		{"HiddenInvalid", testHiddenInvalid},
		{"Corrections", testCorrections},
		{"CorrectionsInvalid", testCorrectionsInvalid},
		{"EditorialAnyOrder", testEditorialAnyOrder},
		{"EditorialConcurrent", testEditorialConcurrent},
		{"EditorialCancelled", testEditorialCancelled},
		{"RemoveMovies", testRemoveMovies},
		{"MovieVersions", testMovieVersions},
		{"MovieAt", testMovieAt},
		{"Exposures", testExposures},
		{"ExposuresOddUsers", testExposuresOddUsers},
		{"ExposuresInvalid", testExposuresInvalid},
		{"ExposuresPages", testExposuresPages},
		{"ExposuresForgotten", testExposuresForgotten},
		{"Rates", testRates},
		{"RatesPrune", testRatesPrune},
		{"RatesConcurrent", testRatesConcurrent},
		{"Feedback", testFeedback},
		{"FeedbackPages", testFeedbackPages},
		{"FeedbackAnyOrder", testFeedbackAnyOrder},
		{"FeedbackActivity", testFeedbackActivity},
		{"Person", testPerson},
		{"PersonOpinions", testPersonOpinions},
		{"Preferences", testPreferences},
		{"Experiments", testExperiments},
		{"ExperimentsForgotten", testExperimentsForgotten},
		{"Trending", testTrending},
		{"Pages", testPages},
		{"Frozen", testFrozen},
		{"FrozenEnds", testFrozenEnds},
		{"Prune", testPrune},
		{"PruneOther", testPruneOther},
		{"PruneFeedback", testPruneFeedback},
		{"PruneChanges", testPruneChanges},
		{"PruneVersions", testPruneVersions},
		{"PruneCancelled", testPruneCancelled},
		{"PruneBeside", testPruneBeside},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}
