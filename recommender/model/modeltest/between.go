package modeltest

import (
	"reflect"
	"runtime"
	"testing"
	"weak"

	"marquee/recommender/model"
)

// testForgetsBetween extends x by one movie after another. A server does so for days, and
// some models of its bundle are never asked: what lies between x and the last keeps no memory.
func testForgetsBetween(t *testing.T, x model.Extender, d *model.Data) {
	var last model.Model = x
	var between []weak.Pointer[byte]
	for range 4 {
		if last != model.Model(x) {
			between = append(between, weak.Make((*byte)(reflect.ValueOf(last).UnsafePointer())))
		}
		bigger, err := model.Extend(last, d.Vector(0), d.Dims)
		if err != nil {
			t.Fatal(err)
		}
		last = bigger
	}
	for range 2 {
		runtime.GC()
	}
	for i, p := range between {
		if p.Value() != nil {
			t.Errorf("the model with %d movies more is still in memory", i+1)
		}
	}
	if want := x.Len() + 4; last.Len() != want {
		t.Errorf("%d movies, want %d", last.Len(), want)
	}
	runtime.KeepAlive(x)
}
