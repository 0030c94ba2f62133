package minilm

// Revision is the commit of sentence-transformers/all-MiniLM-L6-v2 whose files
// this package reads.
const Revision = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"

// A File is one of the model's files, pinned by its content.
type File struct {
	Name   string // in the model's folder and in the hub's repository
	Bytes  int64
	SHA256 string // lower-case hexadecimal
}

// Files returns the files that a model's folder holds.
func Files() []File { return []File{vocabFile(), weightsFile()} }

func vocabFile() File {
	return File{
		Name:   "vocab.txt",
		Bytes:  231508,
		SHA256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
	}
}

func weightsFile() File {
	return File{
		Name:   "model.safetensors",
		Bytes:  90868376,
		SHA256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
	}
}
