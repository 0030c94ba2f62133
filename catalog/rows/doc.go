// Package rows reads text files row by row, within bounds: [Open] undoes gzip,
// byte order marks and the line ends of old Macs, [Lines] yields lines, [CSV] yields records, and both say
// on which line a row began. A row that is too long or malformed is one fault,
// after which reading goes on; memory stays within a few times [MaxBytes]
// whatever the file holds.
package rows
