// Package flock lets one process at a time change a folder of files, by an
// advisory lock on one file in it.
package flock
