package kafka_test

import (
	"testing"
)

func TestOnceReadsEachLineOnce(t *testing.T) {
	c := cluster(t, 3)
	cl := client(t, c)
	produce(t, cl, 3, 0, 1000)
	dst := newSink()
	if sum := runOnce(t, config(c), dst); sum.Lines != 1000 || sum.Kept.Watch != 1000 {
		t.Errorf("first run: %+v, want 1000 lines", sum)
	}
	dst.checkOnce(t, 0, 1000)
	if sum := runOnce(t, config(c), dst); sum.Lines != 0 {
		t.Errorf("second run: %d lines, want none", sum.Lines)
	}
	produce(t, cl, 3, 1000, 1500)
	if sum := runOnce(t, config(c), dst); sum.Lines != 500 {
		t.Errorf("third run: %d lines, want the 500 new ones", sum.Lines)
	}
	dst.checkOnce(t, 0, 1500)
}
