// Package arch keeps the house: which folders there are, and which way the
// imports point.
package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "marquee/"

// rooms says for each folder which of our packages those in it may import: a
// path allows itself and everything below it. The longest matching folder
// decides; what no folder matches may import nothing of ours.
var rooms = []struct {
	folder string
	may    []string
}{
	{"catalog", []string{"catalog"}},
	{"embedder", []string{"embedder", "catalog"}},
	{"embedder/vec", []string{"embedder/vec"}},
	{"indexer", []string{"indexer", "embedder", "catalog"}},
	{"recommender", []string{"recommender", "indexer", "embedder", "catalog"}},
	{"recommender/eval", []string{"recommender/eval", "catalog"}}, // so that it can judge anything
	{"recommender/rank", []string{"recommender/rank", "recommender/model", "indexer", "embedder", "catalog"}},
	{"recommender/model", []string{"recommender/model", "recommender/column", "indexer", "embedder", "catalog"}},
	{"recommender/column", []string{"recommender/column", "catalog"}},
	{"tests", []string{"tests", "recommender", "indexer", "embedder", "catalog"}},
}

// concrete are the implementations that only the program may choose among.
var concrete = []string{
	"catalog/sqlstore", "catalog/catalogapi", "catalog/movielens", "catalog/table", "catalog/stream/kafka", "catalog/stream/post",
	"embedder/minilm", "embedder/lsa", "embedder/remote",
	"indexer/flat", "indexer/hnsw", "indexer/coderhnsw", "indexer/qdrant",
	"recommender/bundle/s3store",
	"recommender/model/als", "recommender/model/blend", "recommender/model/content", "recommender/model/ease", "recommender/model/itemknn",
	"recommender/model/neural", "recommender/model/popular", "recommender/model/rating", "recommender/model/svd",
	"recommender/model/svdpp", "recommender/model/userknn",
}

// kits are for tests alone.
var kits = []string{"catalog/catalogtest", "embedder/embeddertest", "indexer/indexertest", "indexer/qdrant/qdranttest", "recommender/model/modeltest", "tests"}

type pkg struct {
	path    string // without the module
	imports []string
}

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		may := allowed(p.path)
		for _, i := range p.imports {
			if !slices.ContainsFunc(may, func(folder string) bool { return within(i, folder) }) {
				t.Errorf("%s imports %s, may import only %v", p.path, i, may)
			}
		}
	}
}

func TestOnlyTheProgramKnowsConcreteTypes(t *testing.T) {
	for _, p := range packages(t) {
		if !within(p.path, "recommender") || p.path == "recommender/cmd/marquee" {
			continue
		}
		for _, i := range p.imports {
			if slices.Contains(concrete, i) {
				t.Errorf("%s imports %s; only recommender/cmd/marquee may choose an implementation", p.path, i)
			}
		}
	}
}

func TestKitsStayOutOfTheProduct(t *testing.T) {
	isKit := func(path string) bool {
		return slices.ContainsFunc(kits, func(kit string) bool { return within(path, kit) })
	}
	for _, p := range packages(t) {
		if isKit(p.path) {
			continue
		}
		for _, i := range p.imports {
			if isKit(i) {
				t.Errorf("%s imports the test kit %s", p.path, i)
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	want := []string{"LICENSE", "Makefile", "README.md", "catalog", "deploy", "embedder", "go.mod", "go.sum", "indexer", "recommender", "tests"}
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && name != "bin" && !slices.Contains(want, name) {
			t.Errorf("%s stands at the top, want only %v", name, want)
		}
	}
	err = filepath.WalkDir(filepath.Join(root(t), "deploy"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			t.Errorf("%s: deploy holds no Go code", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheRulesBite shows that each rule refuses what it is for.
func TestTheRulesBite(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{"catalog", "embedder"},
		{"catalog/sqlstore", "recommender/rank"},
		{"embedder/vec", "catalog"},
		{"indexer/flat", "recommender"},
		{"recommender/eval", "recommender/rank"},
		{"recommender/rank", "tests/simulator"},
		{"somewhere", "catalog"},
	} {
		if slices.ContainsFunc(allowed(c.from), func(folder string) bool { return within(c.to, folder) }) {
			t.Errorf("%s may import %s", c.from, c.to)
		}
	}
}

func allowed(path string) []string {
	var may []string
	longest := -1
	for _, r := range rooms {
		if within(path, r.folder) && len(r.folder) > longest {
			may, longest = r.may, len(r.folder)
		}
	}
	return may
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func packages(t *testing.T) []pkg {
	t.Helper()
	lookAtSources(t)
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		p := pkg{path: strings.TrimPrefix(fields[0], module)}
		for _, i := range fields[1:] {
			if ours, ok := strings.CutPrefix(i, module); ok {
				p.imports = append(p.imports, ours)
			}
		}
		list = append(list, p)
	}
	if len(list) < 5 {
		t.Fatalf("go list found %d packages, want the whole house", len(list))
	}
	return list
}

// lookAtSources looks at every source file, so that the go command knows what these
// tests depend on: what "go list" reads it does not see, and it would answer from
// its cache.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root(t), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root(t) && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
