// Package kill runs the real program on real sockets and files and ends it by
// SIGKILL at random moments, while a topic, a followed file that is rotated, and
// posts go on bringing events. At the end the store must hold each event once.
//
// The proof takes MARQUEE_KILL_SECONDS and is skipped without it.
package kill
