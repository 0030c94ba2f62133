// Package s3store keeps bundles in a bucket of an S3 server: Amazon's, MinIO, Ceph and
// what else speaks the protocol.
//
//	files/<sha256>                a file of one or more bundles, written once
//	bundles/<id>/manifest.json    a bundle; put last, when all its files are there
//	live                          the pointer and its journal, as on a shelf
//	removing/<id>                 the manifest of a bundle that is being removed
//
// A file has the name of its content, so a bundle that shares files with another, as what
// "marquee reindex" makes does, uploads only what is new, and two that push the same write the
// same.
//
// The pointer is read, changed and put back on the condition that it is still what
// was read (If-Match, If-None-Match), so of two publishers at once each gets its turn and no
// publication is lost. A server that answers NotImplemented to conditions gets the pointer without;
// there, and where a server ignores them in silence, only one publisher at a time may be at work.
package s3store
