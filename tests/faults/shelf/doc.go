// Package shelf ends the real program by SIGKILL at random moments while it reindexes,
// publishes, rolls back and prunes, and two at once. Whatever stands on the shelf then must
// be whole, the live bundle one that was made, and the next run must clean up.
//
// The proof takes MARQUEE_KILLS and is skipped without it.
package shelf
