// Package durable has the steps by which a folder of files changes so that a crash
// leaves the old state or the new one: files that are synced, folders that are
// synced, and a lock by which one process at a time changes it.
package durable
