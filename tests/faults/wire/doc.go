// Package wire is a network in memory that can fail, for tests in the virtual
// time of testing/synctest: every wait in it is one that virtual time knows.
//
// Each process of a test has a [Link]. A link can be cut, as by a crash: its
// connections break and it makes no more. It can be held, as by a machine that
// stands still: what is sent and received waits. A port can be away for a
// while, as a broker is that restarts.
package wire
