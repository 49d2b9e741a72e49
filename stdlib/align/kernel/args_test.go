package kernel

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"unsafe"
)

// The offsets that the generators use are those of the structs.
func TestOffsets(t *testing.T) {
	var a args
	var b buildArgs
	var p pairArgs
	want := map[string]uintptr{
		"ArgQuery": unsafe.Offsetof(a.query), "ArgProfile": unsafe.Offsetof(a.profile), "ArgEdge": unsafe.Offsetof(a.edge),
		"ArgAcc": unsafe.Offsetof(a.acc), "ArgReset": unsafe.Offsetof(a.reset), "ArgTops": unsafe.Offsetof(a.tops),
		"ArgLeft": unsafe.Offsetof(a.left), "ArgZero": unsafe.Offsetof(a.zero), "ArgColumn": unsafe.Offsetof(a.column),
		"ArgRows": unsafe.Offsetof(a.rows), "ArgTiles": unsafe.Offsetof(a.tiles), "ArgStride": unsafe.Offsetof(a.stride),
		"ArgLeftStep": unsafe.Offsetof(a.leftStep), "ArgFirst": unsafe.Offsetof(a.first),
		"ArgExtend": unsafe.Offsetof(a.extend), "ArgCells": unsafe.Offsetof(a.cells),
		"BuildCodes": unsafe.Offsetof(b.codes), "BuildTable": unsafe.Offsetof(b.table),
		"BuildProfile": unsafe.Offsetof(b.profile), "BuildTiles": unsafe.Offsetof(b.tiles),
		"BuildRows": unsafe.Offsetof(b.rows), "BuildScale": unsafe.Offsetof(b.scale), "BuildAdd": unsafe.Offsetof(b.add),
		"PairQueries": unsafe.Offsetof(p.queries), "PairTargets": unsafe.Offsetof(p.targets), "PairTable": unsafe.Offsetof(p.table),
		"PairProfile": unsafe.Offsetof(p.profile), "PairSpan": unsafe.Offsetof(p.span), "PairAdd": unsafe.Offsetof(p.add),
	}
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Log("no assembly for 32-bit machines")
		return
	}
	source, err := os.ReadFile("internal/gen/layout/offsets.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(\w+) += (\d+)`).FindAllStringSubmatch(string(source), -1) {
		if value, _ := strconv.Atoi(m[2]); uintptr(value) != want[m[1]] {
			t.Errorf("%s is %d, want %d", m[1], value, want[m[1]])
		}
		delete(want, m[1])
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}
