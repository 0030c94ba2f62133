package simulate

import (
	"testing"

	"marquee/tests/faults/txdb"
)

// enough is within how many seeds each mutant must be caught. The slowest one
// took 30 when this was written.
const enough = 120

// A simulation that lets a broken sink pass proves nothing about the right one.
// A mutant counts as caught only where the store stood at the end: that one
// reads on for ever would be no proof.
func TestMutantsAreCaught(t *testing.T) {
	for _, m := range txdb.Mutants() {
		t.Run(m.Name, func(t *testing.T) {
			for seed := range uint64(enough) {
				out := Draw(seed).RunInMemory(t, Kafka, &m)
				if out.Finished && len(out.Findings) > 0 {
					t.Logf("caught by seed %d: %v", seed, out.Findings)
					return
				}
			}
			t.Errorf("survived %d seeds", enough)
		})
	}
}
